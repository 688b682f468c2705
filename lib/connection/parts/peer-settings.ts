// What a listener gives each of its peers.

import type { QueueLimits } from '../../base/queue.ts';
import type { HeartbeatLimits } from '../../session/index.ts';
import type { SessionMemory } from '../exchange/session-memory.ts';
import type { LinkSettings } from '../link/link-role.ts';
import type { Numbers } from './requests.ts';

export interface PeerSettings {
  readonly link: LinkSettings;
  /** Limits of what waits for a session's client, or was not confirmed by it. */
  readonly outbox: QueueLimits;
  readonly heartbeat: HeartbeatLimits;
}

/** The listener, as far as its peers need it: one for all of them, so that each costs little. */
export interface PeerHost<P> {
  readonly settings: PeerSettings;
  readonly memory: SessionMemory;
  /** For requests: a peer that comes back may hear the answer to what the newcomer asked. */
  readonly numbers: { readonly plain: Numbers; readonly unique: Numbers };
  /** Nothing the peer said has been handled yet. */
  greet(peer: P): unknown;
  /** A link of a peer has closed. */
  gone(): void;
}
