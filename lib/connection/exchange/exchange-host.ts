// Who owns an exchange, and what the sender of a message may wish.

import type { Clock } from '../../base/clock.ts';
import type { Message } from '../../message/index.ts';
import type { Teller } from '../../session/index.ts';
import type { Link } from '../link/link.ts';
import type { OnSessionLost } from '../parts/client-options.ts';

/** What an exchange needs of its owner. */
export interface ExchangeHost {
  readonly name: string;
  readonly clock: Clock;
  readonly link: Link | undefined;
  /** A message ended otherwise than well. */
  missed(message: Message<unknown>, reason: Error): void;
  /** Room behind a `send` that said 'queued'. */
  drained(): void;
}

/** What the sender of a message wants to be told, and how long it may wait. */
export interface Wishes extends Teller {
  /** In ms. @default the age of the outbox */
  readonly ttl?: number | undefined;
}

/** What a client's exchange needs of its client besides. */
export interface SessionClientHost extends ExchangeHost {
  /** The session is lost; what is under way will be sent again, or was reported. */
  sessionLost(choice: OnSessionLost): void;
}
