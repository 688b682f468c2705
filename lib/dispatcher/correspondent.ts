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

/** What a link promises for its messages; `exactly-once-per-session` where both sides have agreed on a session. */
export type Guarantee = 'at-most-once' | 'exactly-once-per-session';

export interface DeliverOptions {
  /** Longest wait before it is sent, in ms; then it expires, and is never sent. @default the age of the outbox */
  readonly ttl?: number | undefined;
  /** Takes the message back, as long as it was not sent. */
  readonly signal?: AbortSignal | undefined;
  /** What to wait for. `stored`: it is in the spool of a client that has one, and outlives a crash. @default 'confirmed' */
  readonly until?: 'confirmed' | 'stored' | undefined;
}

export interface Receipt {
  /**
   * `exactly-once-per-session`: the other side has handled it. `at-most-once`: it was handed to the system. `stored`: it
   * is on the disk, and will be sent.
   */
  readonly guarantee: Guarantee | 'stored';
}

/** What a WebSocket asked for when it connected: plain data, frozen. */
export interface UpgradeFacts {
  /** As it was sent, nothing decoded. */
  readonly path: string;
  /** Decoded; of several with one name, the first. */
  readonly query: Readonly<Record<string, string>>;
  /** By their names in small letters; several of one name are joined by commas. There may be secrets among them. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Correspondent {
  /** Name in logs. */
  readonly name: string;
  /** Address of the other side. */
  readonly remote: string;
  /** Of a peer that came over a WebSocket: what the present link asked for. Others have none. */
  readonly upgrade?: UpgradeFacts | undefined;
  readonly logger: Logger;
  /** What the link promises at present. */
  readonly guarantee: Guarantee;
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
  /**
   * Sends a message, and resolves when the other side has handled it, or on a link without a session when the system
   * has taken it; the receipt says which.
   * @throws LimitError EXPIRED, DROPPED, OUTBOX_FULL or SPOOL_FULL, NetworkError ABANDONED (stopped before), SESSION_LOST
   * (forgotten by the other side, under `onSessionLost: 'report'`) or CLOSED, or the signal's reason
   */
  deliver(message: Message<unknown> | string, options?: DeliverOptions): Promise<Receipt>;
  /** Sends what waits, then closes. */
  close(): void;
}
