// Where a client of events is, and what it tells.
//
//   idle ─start▶ opening ─opened▶ connecting ─up▶ connected
//                                     ▲─────down─────┘
//   opening, connecting, connected ─stop▶ closing ─over▶ closed       idle ─stop▶ closed       opening ─failed▶ closed

import type { LimitError } from '../../../base/errors.ts';
import type { StateTable } from '../../../base/state-table.ts';

export type EventsClientState = 'idle' | 'opening' | 'connecting' | 'connected' | 'closing' | 'closed';
export type EventsClientStep = 'start' | 'opened' | 'failed' | 'up' | 'down' | 'stop' | 'over';

export const eventsClientTable: StateTable<EventsClientState, EventsClientStep> = {
  idle: { start: 'opening', stop: 'closed' },
  opening: { opened: 'connecting', failed: 'closed', stop: 'closing' },
  connecting: { up: 'connected', stop: 'closing' },
  connected: { down: 'connecting', stop: 'closing' },
  closing: { over: 'closed' },
  closed: {},
};

export type EventsClientEvents = {
  /** Both ways to the server are there. */
  connect: [];
  /** One of them is gone; ZeroMQ tries again, for ever. */
  drop: [];
  /** What was queued is all with ZeroMQ. */
  drain: [];
  /** An event that was taken will never be sent: the outbox dropped it, or it was too old. */
  lost: [name: string, reason: LimitError];
  /** Once, last. */
  close: [];
};
