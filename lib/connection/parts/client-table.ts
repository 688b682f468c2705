// The phases of clients; their figures are at the heads of client.ts and permanent-client.ts.

import type { StateTable } from '../../base/state-table.ts';

export type ClientState = 'idle' | 'dialing' | 'open' | 'waiting' | 'closed';
export type ClientStep = 'start' | 'opened' | 'failed' | 'lost' | 'due' | 'stop';

export const clientTable: StateTable<ClientState, ClientStep> = {
  idle: { start: 'dialing', stop: 'closed' },
  dialing: { opened: 'open', failed: 'closed', stop: 'closed' },
  open: { lost: 'closed', stop: 'closed' },
  waiting: {},
  closed: {},
};

export const permanentClientTable: StateTable<ClientState, ClientStep> = {
  idle: { start: 'dialing', stop: 'closed' },
  dialing: { opened: 'open', failed: 'waiting', stop: 'closed' },
  open: { lost: 'waiting', stop: 'closed' },
  waiting: { due: 'dialing', stop: 'closed' },
  closed: {},
};
