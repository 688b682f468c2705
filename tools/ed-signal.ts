#!/usr/bin/env node
// ed-signal: sends one message to a service. This file turns on the compile cache, where Node has one, before
// anything else is loaded.

import module from 'node:module';

(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
const { main } = await import('./ed-signal/main.ts');
await main();
