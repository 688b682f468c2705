#!/usr/bin/env node
// ed-link: looks at the nodes of a controller, and talks to them. This file turns on the compile cache, where Node has
// one, before anything else is loaded.

import module from 'node:module';

(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
const { main } = await import('./ed-link/main.ts');
await main();
