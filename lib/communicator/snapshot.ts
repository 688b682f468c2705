// The state of everything as plain data, for people and for programs.

import type { ConnectionSnapshot, Owned } from '../connection/index.ts';

export interface Snapshot {
  readonly state: string;
  /** Milliseconds that the loop of the process has spent waiting. */
  readonly idleTime: number;
  /** How often the logger failed: lines that are in no log. */
  readonly logFailures: number;
  readonly connections: readonly ConnectionSnapshot[];
}

export function snapshotOf(facts: Omit<Snapshot, 'connections'>, connections: readonly Owned[]): Snapshot {
  return { ...facts, connections: connections.map(connection => connection.snapshot()) };
}
