// Where a client is, and where its line is.
//
//              ┌─websocket▶ trying-websocket ─open─┐
//   waiting ───┤                  │ polling        ├─▶ open
//      ▲       │                  ▼                │     │
//      │       └─polling──▶ trying-polling ───open─┘     │
//      └──────────────── lose, from each of the three ───┘
//   each but closed: ─close▶ closed ─reconnect▶ waiting
//
// A WebSocket is open when the server has said ohai too, because some proxies only play the upgrade. A session of polls
// that is closed says what it still has to say before its requests are cut.
//
//   WebSocket  dialling ─upgrade▶ greeting ─ohai▶ open                               each: ─end▶ over
//   polling    opening ─open▶ open ─close▶ draining                                  each: ─end▶ over

import type { StateTable } from '../../../base/state-table.ts';

export type QioClientState = 'waiting' | 'trying-websocket' | 'trying-polling' | 'open' | 'closed';
export type QioClientStep = 'websocket' | 'polling' | 'open' | 'lose' | 'close' | 'reconnect';

export const qioClientTable: StateTable<QioClientState, QioClientStep> = {
  waiting: { websocket: 'trying-websocket', polling: 'trying-polling', close: 'closed' },
  'trying-websocket': { open: 'open', polling: 'trying-polling', lose: 'waiting', close: 'closed' },
  'trying-polling': { open: 'open', lose: 'waiting', close: 'closed' },
  open: { lose: 'waiting', close: 'closed' },
  closed: { reconnect: 'waiting' },
};

export const webSocketLineTable: StateTable<'dialling' | 'greeting' | 'open' | 'over', 'upgrade' | 'ohai' | 'end'> = {
  dialling: { upgrade: 'greeting', end: 'over' },
  greeting: { ohai: 'open', end: 'over' },
  open: { end: 'over' },
  over: {},
};

export const pollingLineTable: StateTable<'opening' | 'open' | 'draining' | 'over', 'open' | 'close' | 'end'> = {
  opening: { open: 'open', end: 'over' },
  open: { close: 'draining', end: 'over' },
  draining: { end: 'over' },
  over: {},
};
