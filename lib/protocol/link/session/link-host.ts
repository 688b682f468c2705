// Whoever owns the end of a link, and whoever sends over one.

import type { Clock } from '../../../base/clock.ts';
import type { Definition, EventDefinition, RequestDefinition } from '../definitions.ts';
import type { Close, Data } from '../wire.ts';
import type { Link } from './link.ts';

/** Longest wait for an answer unless told otherwise, in ms. */
export const requestTime = 5_000;

export interface SendOptions {
  /** Longest wait for the answer, in ms. @default 5_000 */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Whoever owns the end of a link. */
export interface LinkHost {
  readonly clock: Clock;
  /** Does what the definition asks for, or sends it on. It may throw, or give a promise. */
  perform(definition: Definition, data: Data, link: Link): unknown;
  /** The other side broke the rules: ends the socket, and with `ended` the session. */
  broken(close: Close, session: 'kept' | 'ended'): void;
  /** Seed: the other side closes. */
  closed(reason: string): void;
  /** What the link does next may have changed: it is to be given a turn. */
  wake(): void;
  log(severity: 'debug' | 'warn' | 'error', text: string, fields?: object): void;
}

/** Who sends requests and events. */
export interface Sender {
  /**
   * Sends a request, and resolves with its answer.
   * @throws UsageError INVALID_VALUE, PeerError REQUEST_FAILED, TimeoutError REQUEST_TIMEOUT, NetworkError CLOSED,
   * SESSION_LOST or ABANDONED (stopped before the answer), LimitError OUTBOX_FULL
   */
  send<Q, R>(definition: RequestDefinition<Q, R>, data: Q, options?: SendOptions): Promise<R>;
  /** Sends an event. @throws UsageError INVALID_VALUE, NetworkError CLOSED, LimitError OUTBOX_FULL */
  send<D>(definition: EventDefinition<D>, data: D): void;
}

/** For those who send over a link that may change: picks the right half of `send`. */
export function sendOver(link: Sender, definition: Definition, data: unknown, options?: SendOptions): Promise<unknown> {
  if (definition.kind === 'request') return link.send(definition, data, options);
  link.send(definition, data);
  return sent;
}

const sent: Promise<undefined> = Promise.resolve(undefined);
