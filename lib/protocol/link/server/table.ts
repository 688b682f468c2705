// Where a peer of a controller is, and what it tells.
//
//   idle ─start▶ connected          idle ─over▶ closed
//   connected ─drop▶ dropped ─resume▶ connected        (session dialect; a seed has no way back: over)
//       │               └─expire, stop, over─▶ closed
//       ├─stop▶ closing ─over▶ closed
//       └─over▶ closed                               closing ─drop▶ closed

import type { StateTable } from '../../../base/state-table.ts';

export type LinkPeerState = 'idle' | 'connected' | 'dropped' | 'closing' | 'closed';
export type LinkPeerStep = 'start' | 'drop' | 'resume' | 'expire' | 'stop' | 'over';

export const linkPeerTable: StateTable<LinkPeerState, LinkPeerStep> = {
  idle: { start: 'connected', over: 'closed' },
  connected: { drop: 'dropped', stop: 'closing', over: 'closed' },
  dropped: { resume: 'connected', expire: 'closed', stop: 'closed', over: 'closed' },
  closing: { drop: 'closed', over: 'closed' },
  closed: {},
};

export type LinkPeerEvents = {
  /** Its link is gone; its session waits for it. */
  drop: [reason: Error];
  /** It has come back, and the session goes on. */
  resume: [];
  /** It did not come back in time: the session is forgotten. `close` follows. */
  invalidate: [];
  /** Once, last. */
  close: [reason: Error];
};
