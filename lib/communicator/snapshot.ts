// The state of everything as plain data, for people and for programs.

import type { ConnectionSnapshot, Owned } from '../connection/index.ts';

export interface Snapshot {
  readonly state: string;
  /** Milliseconds that the loop of the process has spent waiting. */
  readonly idleTime: number;
  readonly connections: readonly ConnectionSnapshot[];
}

export function snapshotOf(state: string, idleTime: number, connections: readonly Owned[]): Snapshot {
  return { state, idleTime, connections: connections.map(connection => connection.snapshot()) };
}
