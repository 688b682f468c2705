// Whoever is at the other end of a link of the broker: a guest at first, a member of a service once it has registered.
//
//   guest ─register▶ member ─lost▶ away ─resumed▶ member         (away: its session waits for it to come back)
//                      │             └─register▶ member          (it says REGISTER again on each link)
//   member, away ─leave▶ leaving        member, leaving ─register▶ member        from each: ─close▶ gone

import type { StateTable } from '../../base/state-table.ts';
import { StateMachine } from '../../base/state-table.ts';
import { Peer } from '../../connection/index.ts';
import type { Correspondent } from '../../dispatcher/index.ts';
import type { Place } from '../../message/index.ts';
import type { Share } from '../../protocol/service/index.ts';

export type PartyState = 'guest' | 'member' | 'away' | 'leaving' | 'gone';
type PartyStep = 'register' | 'lost' | 'resumed' | 'leave' | 'close';

export const partyTable: StateTable<PartyState, PartyStep> = {
  guest: { register: 'member', close: 'gone' },
  member: { register: 'member', lost: 'away', leave: 'leaving', close: 'gone' },
  away: { resumed: 'member', register: 'member', leave: 'leaving', close: 'gone' },
  leaving: { register: 'member', close: 'gone' },
  gone: {},
};

export class Party {
  readonly peer: Peer;
  readonly machine: StateMachine<PartyState, PartyStep> = new StateMachine(partyTable, 'guest');
  /** Its service; empty for a guest. */
  name = '';
  share: Share | undefined;
  /** The sender of all that it says. */
  from: Place = { server: '', service: '' };
  /** What a guest calls itself: answers to it go out under this name. */
  alias: Place | undefined;
  readonly commands: Set<string> = new Set();
  /** Names in its client certificate. */
  certificates: readonly string[] = [];
  /** Who it has shown to be when it registered. */
  user: string | undefined;
  /** Seconds since 1970. */
  since = 0;
  /** Messages handed over and not confirmed. */
  underWay = 0;
  /** Messages handed over so far. */
  handed = 0;
  /** Of a link without a session: whether the system takes more. */
  outlet: 'clear' | 'full' = 'clear';

  constructor(peer: Peer) {
    this.peer = peer;
  }

  get state(): PartyState {
    return this.machine.state;
  }

  /** Whether messages may be handed to it: it is there, and has not too much of them. */
  takes(window: number): boolean {
    return this.state === 'member' && this.outlet === 'clear' && this.underWay < window;
  }
}

/** Who a handler talks to; undefined for a datagram. */
export function partyOf(correspondent: Correspondent): Party | undefined {
  return correspondent instanceof Peer && correspondent.data instanceof Party ? correspondent.data : undefined;
}
