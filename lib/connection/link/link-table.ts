// The phases of a link; the figure is at the head of link.ts.

import type { StateTable } from '../../base/state-table.ts';

export type LinkState = 'idle' | 'open' | 'ended' | 'draining' | 'failing' | 'closing' | 'rest' | 'dying' | 'closed';
type LinkEvent = 'start' | 'end' | 'drain' | 'fail' | 'finish' | 'gone' | 'kill';

export const linkTable: StateTable<LinkState, LinkEvent> = {
  idle: { start: 'open', gone: 'closed' },
  open: { end: 'ended', drain: 'draining', fail: 'failing', finish: 'closing', gone: 'rest', kill: 'dying' },
  ended: { drain: 'draining', fail: 'failing', finish: 'closing', gone: 'rest', kill: 'dying' },
  draining: { fail: 'failing', finish: 'closing', gone: 'closed', kill: 'dying' },
  failing: { finish: 'closing', gone: 'closed', kill: 'dying' },
  closing: { gone: 'closed', kill: 'dying' },
  rest: { finish: 'closed' },
  dying: { gone: 'closed' },
  closed: {},
};

/** In these, lines are read: to be handled, or at least for answers that a running handler waits for. */
export const workingStates: ReadonlySet<LinkState> = new Set(['open', 'ended', 'draining', 'rest']);
