// What a listener gives each of its peers.

import type { QueueLimits } from '../../base/queue.ts';
import type { HeartbeatLimits } from '../../session/index.ts';
import type { LinkSettings } from '../link/link-role.ts';

export interface PeerSettings {
  readonly link: LinkSettings;
  /** Limits of what waits for a session's client, or was not confirmed by it. */
  readonly outbox: QueueLimits;
  readonly heartbeat: HeartbeatLimits;
}
