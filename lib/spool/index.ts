export type { Disk, DiskFile, Unlock } from './log/disk.ts';
export type { StoredMessage } from './notes.ts';
export type { SpoolOptions } from './options.ts';
export { checkedSpool } from './options.ts';
export type { Recovered } from './replay.ts';
export type { SpoolSetup } from './spool.ts';
export { Spool } from './spool.ts';
