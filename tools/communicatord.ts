#!/usr/bin/env node
// communicatord: the broker of this machine. This file turns on the compile cache, where Node has one, before anything else
// is loaded.

import module from 'node:module';

(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
const { main } = await import('./communicatord/main.ts');
await main();
