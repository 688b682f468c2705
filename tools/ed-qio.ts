#!/usr/bin/env node
// ed-qio: a server and a client of event paths. This file turns on the compile cache, where Node has one, before
// anything else is loaded.

import module from 'node:module';

(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
const { main } = await import('./ed-qio/main.ts');
await main();
