// The phases of a connection to NATS, and what it tells; the figure is at the head of nats.ts.

import type { StateTable } from '../../base/state-table.ts';
import type { NatsLine } from '../../transport/nats/index.ts';

export type NatsState = 'idle' | 'dialing' | 'open' | 'moving' | 'waiting' | 'draining' | 'closed';
export type NatsStep = 'start' | 'opened' | 'failed' | 'lost' | 'due' | 'lame duck' | 'moved' | 'stop' | 'drained';

export const natsTable: StateTable<NatsState, NatsStep> = {
  idle: { start: 'dialing', stop: 'closed' },
  dialing: { opened: 'open', failed: 'waiting', stop: 'closed' },
  open: { 'lame duck': 'moving', lost: 'waiting', stop: 'draining' },
  moving: { moved: 'open', lost: 'waiting', stop: 'draining' },
  waiting: { due: 'dialing', stop: 'closed' },
  draining: { drained: 'closed', lost: 'closed' },
  closed: {},
};

export type NatsEvents = {
  state: [to: NatsState];
  /** Connected, subscriptions are set; at a move to another server too. */
  open: [line: NatsLine];
  lost: [reason: Error];
  /** An attempt failed or the connection was lost; the next try is in `pause` ms. */
  retry: [error: Error, pause: number];
  /** A packet was accepted, and does not go out. */
  dropped: [subject: string, reason: Error];
  /** Once, last. */
  close: [reason: Error | undefined];
};
