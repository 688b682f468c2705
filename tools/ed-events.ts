#!/usr/bin/env node
// ed-events: serves, emits and registers for events. This file turns on the compile cache, where Node has one, before
// anything else is loaded.

import module from 'node:module';

(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
const { main } = await import('./ed-events/main.ts');
await main();
