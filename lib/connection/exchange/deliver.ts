// A message with a promise: what its fate means to the one who sent it.

import { LimitError, NetworkError, PeerError, UsageError } from '../../base/errors.ts';
import { inRange, refuseUnknown } from '../../base/options.ts';
import type { DeliverOptions, Receipt } from '../../dispatcher/index.ts';
import type { Message } from '../../message/index.ts';
import type { Fate } from '../../session/index.ts';
import type { Exchange } from './exchange.ts';
import type { Wishes } from './exchange-host.ts';

/** @throws see `Correspondent.deliver` */
export function deliver(exchange: Exchange, message: Message<unknown>, options: DeliverOptions): Promise<Receipt> {
  checkDelivery(options);
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted) return reject(options.signal.reason as Error);
    const delivery = new Delivery(exchange, options, resolve, reject);
    try {
      exchange.send(message, delivery);
    } catch (error) {
      delivery.over();
      reject(error as Error);
    }
  });
}

const confirmed: Receipt = Object.freeze({ guarantee: 'exactly-once-per-session' });
const sent: Receipt = Object.freeze({ guarantee: 'at-most-once' });
const kept: Receipt = Object.freeze({ guarantee: 'stored' });

/** One message whose sender waits: few objects, since there are many. */
class Delivery implements Wishes {
  readonly ttl: number | undefined;
  readonly onStored: (() => void) | undefined;
  readonly #exchange: Exchange;
  readonly #signal: AbortSignal | undefined;
  readonly #aborted: (() => void) | undefined;
  readonly #resolve: (receipt: Receipt) => void;
  readonly #reject: (reason: Error) => void;

  constructor(
    exchange: Exchange,
    { ttl, signal, until }: DeliverOptions,
    resolve: (receipt: Receipt) => void,
    reject: (reason: Error) => void,
  ) {
    this.ttl = ttl;
    this.#exchange = exchange;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    if (until === 'stored') this.onStored = () => this.#stored();
    exchange.deliveries += 1;
    if (signal === undefined) return;
    this.#aborted = () => exchange.out.withdraw(({ teller }) => teller === this);
    signal.addEventListener('abort', this.#aborted, { once: true });
  }

  told(fate: Fate, reason?: LimitError): void {
    this.over();
    if (fate === 'confirmed') this.#resolve(confirmed);
    else if (fate === 'sent') this.#resolve(sent);
    else if (fate === 'withdrawn') this.#reject(this.#signal?.reason as Error);
    else this.#reject(this.#exchange.failure(fate, reason));
  }

  /** Nobody waits any more. */
  over(): void {
    this.#exchange.deliveries -= 1;
    this.#forgetSignal();
  }

  /** What was told to be safe is not taken back. */
  #stored(): void {
    this.#forgetSignal();
    this.#resolve(kept);
  }

  #forgetSignal(): void {
    if (this.#aborted !== undefined) this.#signal?.removeEventListener('abort', this.#aborted);
  }
}

/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_VALUE */
export function checkDelivery(options: DeliverOptions): void {
  refuseUnknown('deliver', { ttl: 0, signal: 0, until: 0 }, options);
  const { ttl, until = 'confirmed' } = options;
  if (ttl !== undefined) inRange('ttl', ttl, 1, Number.MAX_SAFE_INTEGER);
  if (until !== 'confirmed' && until !== 'stored') throw new UsageError('INVALID_VALUE', `until is ${String(until)}`);
}

/** Why a message with that fate was not delivered. */
export function failure(fate: Fate, cause: Error | undefined): Error {
  if (fate === 'lost') return new NetworkError('SESSION_LOST', 'the other side has forgotten the session');
  if (fate === 'refused') return new PeerError('REFUSED', 'the other side did not take it');
  if (fate === 'abandoned') {
    return new NetworkError('ABANDONED', 'ended before it was sent or confirmed', { cause });
  }
  return new LimitError('DROPPED', 'dropped');
}
