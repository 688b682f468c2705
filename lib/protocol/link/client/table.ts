// Where a client is, and what it tells.
//
//   idle ─start▶ connecting ─ready▶ connected ─drop▶ resuming ─resume▶ connected
//                    ▲                                  │
//                    └────────────invalidate────────────┘        (seed dialect: at once, it has no sessions)
//   connected ─stop▶ closing ─over▶ closed          from each: ─fatal▶ closed; idle, connecting, resuming ─stop▶ closed

import type { StateTable } from '../../../base/state-table.ts';

export type LinkClientState = 'idle' | 'connecting' | 'connected' | 'resuming' | 'closing' | 'closed';
export type LinkClientStep = 'start' | 'ready' | 'drop' | 'resume' | 'invalidate' | 'stop' | 'fatal' | 'over';

export const linkClientTable: StateTable<LinkClientState, LinkClientStep> = {
  idle: { start: 'connecting', stop: 'closed', fatal: 'closed' },
  connecting: { ready: 'connected', stop: 'closed', fatal: 'closed' },
  connected: { drop: 'resuming', stop: 'closing', fatal: 'closed' },
  resuming: { resume: 'connected', invalidate: 'connecting', stop: 'closed', fatal: 'closed' },
  closing: { over: 'closed', fatal: 'closed' },
  closed: {},
};

export type LinkClientEvents = {
  /** Registered: a new session. */
  connect: [];
  /** The link is gone. */
  drop: [reason: Error];
  /** Back, and the session goes on: nothing was lost. */
  resume: [];
  /** The session is lost: requests were rejected, and what had not arrived is gone. */
  invalidate: [];
  /** An attempt failed or the link was lost; the next try is in `pause` ms. */
  retry: [error: Error, pause: number];
  /** Once, last; with a reason where it was not asked for. */
  close: [reason: Error | undefined];
};
