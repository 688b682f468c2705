// One attempt to reach the other side: its addresses in turn, each within the deadline.

import type { Address } from '../../base/address.ts';
import { formatAddress } from '../../base/address.ts';
import type { Clock } from '../../base/clock.ts';
import { asError, NetworkError, TimeoutError, UsageError } from '../../base/errors.ts';
import type { Channel, Transport } from '../../transport/index.ts';

/** One attempt at one address gives up after so many ms. */
export const dialTime = 10_000;

export interface DialWorld {
  readonly clock: Clock;
  streamTransport(address: Address): Promise<Transport>;
}

/**
 * @throws NetworkError DIAL_FAILED with every address's reason, or the signal's reason at once when aborted; a UsageError
 * where none of the addresses can ever be reached
 */
export function dial(
  addresses: readonly Address[],
  world: DialWorld,
  deadline: number,
  signal: AbortSignal,
): Promise<Channel> {
  return dialEach(addresses, world.clock, deadline, signal, async (address, limited) =>
    (await world.streamTransport(address)).dial(address, limited),
  );
}

/** As `dial`, with an attempt of one's own. */
export async function dialEach<T>(
  addresses: readonly Address[],
  clock: Clock,
  deadline: number,
  signal: AbortSignal,
  attempt: (address: Address, limited: AbortSignal) => Promise<T>,
): Promise<T> {
  const errors: Error[] = [];
  for (const address of addresses) {
    signal.throwIfAborted();
    try {
      return await within(deadline, address, clock, signal, limited => attempt(address, limited));
    } catch (error) {
      errors.push(asError(error));
    }
  }
  signal.throwIfAborted();
  const [only] = errors;
  const hopeless = errors.every(error => error instanceof UsageError);
  if ((errors.length === 1 || hopeless) && only !== undefined) throw only;
  throw new NetworkError('DIAL_FAILED', errors.map(({ message }) => message).join('; '), { cause: errors });
}

async function within<T>(
  deadline: number,
  address: Address,
  clock: Clock,
  signal: AbortSignal,
  attempt: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const told = (): void => limit.abort(signal.reason);
  const cancel = clock.after(deadline, () => {
    limit.abort(new TimeoutError('DIAL_TIMEOUT', `cannot reach ${formatAddress(address)} within ${deadline} ms`));
  });
  signal.addEventListener('abort', told, { once: true });
  try {
    return await attempt(limit.signal);
  } finally {
    cancel();
    signal.removeEventListener('abort', told);
  }
}
