export type { Disk, DiskFile, Unlock } from './log/disk.ts';
export { nodeDisk } from './log/disk.ts';
export type { Damage } from './log/recovery.ts';
export { logTable } from './log/segment-log.ts';
export type { StoredMessage, StoredSession } from './notes.ts';
export type { SpoolOptions } from './options.ts';
export { spoolDefaults } from './options.ts';
export type { Recovered, SpoolSetup } from './spool.ts';
export { Spool } from './spool.ts';
