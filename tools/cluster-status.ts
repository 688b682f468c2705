#!/usr/bin/env node
// cluster-status: says how the cluster of a broker is. This file turns on the compile cache, where Node has one, before
// anything else is loaded.

import module from 'node:module';

(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
const { main } = await import('./cluster-status/main.ts');
await main();
