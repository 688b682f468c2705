#!/usr/bin/env node
// ed-top: shows a broker, its services and what is wrong, as it happens. This file turns on the compile cache, where Node has one, before
// anything else is loaded.

import module from 'node:module';

(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
const { main } = await import('./ed-top/main.ts');
await main();
