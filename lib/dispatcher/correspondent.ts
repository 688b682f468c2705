// Whom a handler talks to. The roles of connection/ are such; this floor knows only these members.

import type { Logger } from '../logging/index.ts';
import type { Message } from '../message/index.ts';

/** `sent`: handed to the system. `queued`: waits for room or for the link; `drain` follows. */
export type Sending = 'sent' | 'queued';

export interface RequestOptions {
  /** Longest wait for the answer, in ms. @default 5_000 */
  readonly timeout?: number;
  /** Ends the wait at once; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
}

export interface Correspondent {
  /** Name in logs. */
  readonly name: string;
  /** Address of the other side. */
  readonly remote: string;
  readonly logger: Logger;
  /**
   * Sends a message; a text is a command without parameters.
   * @throws NetworkError CLOSED, LimitError OUTBOX_FULL or SLOW_PEER, UsageError INVALID_NAME
   */
  send(message: Message<unknown> | string): Sending;
  /**
   * Sends a message and waits for its answer: the other side's `message.reply(…)`.
   * @throws TimeoutError REQUEST_TIMEOUT, PeerError REFUSED, NetworkError CLOSED, and what `send` throws
   */
  request(message: Message<unknown> | string, options?: RequestOptions): Promise<Message>;
  /** Sends what waits, then closes. */
  close(): void;
}
