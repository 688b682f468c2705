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
  const { ttl, signal, until = 'confirmed' } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const aborted = (): void => {
      exchange.out.withdraw(({ teller }) => teller === wishes);
    };
    signal?.addEventListener('abort', aborted, { once: true });
    exchange.deliveries += 1;
    const told = (fate: Fate, reason?: LimitError): void => {
      exchange.deliveries -= 1;
      signal?.removeEventListener('abort', aborted);
      if (fate === 'confirmed') resolve({ guarantee: 'exactly-once-per-session' });
      else if (fate === 'sent') resolve({ guarantee: 'at-most-once' });
      else if (fate === 'withdrawn') reject(signal?.reason as Error);
      else reject(exchange.failure(fate, reason));
    };
    // What was told to be safe is not taken back.
    const stored = (): void => {
      signal?.removeEventListener('abort', aborted);
      resolve({ guarantee: 'stored' });
    };
    const wishes: Wishes = { ttl, told, onStored: until === 'stored' ? stored : undefined };
    try {
      exchange.send(message, wishes);
    } catch (error) {
      exchange.deliveries -= 1;
      signal?.removeEventListener('abort', aborted);
      reject(error as Error);
    }
  });
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
