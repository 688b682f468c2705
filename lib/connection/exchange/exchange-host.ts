// Who owns an exchange, and what the sender of a message may wish.

import type { Clock } from '../../base/clock.ts';
import type { Message } from '../../message/index.ts';
import type { Outgoing } from '../../session/index.ts';
import type { Link } from '../link/link.ts';

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
export interface Wishes extends Pick<Outgoing, 'settle' | 'onStored'> {
  /** In ms. @default the age of the outbox */
  readonly ttl?: number | undefined;
}
