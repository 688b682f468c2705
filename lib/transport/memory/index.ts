// Streams inside one process, for tests and for two services under one roof: no socket, the same contract.

import type { Address } from '../../base/address.ts';
import { formatAddress } from '../../base/address.ts';
import { NetworkError } from '../../base/errors.ts';
import { PairChannel } from '../pair-channel.ts';
import type { Channel, ListenEvents, Transport } from '../transport.ts';

/** A place of its own: addresses of one `memory()` are not seen by another. */
export function memory(): Transport {
  const places = new Map<string, ListenEvents>();
  return {
    dial(address, signal) {
      const place = places.get(address.path);
      if (signal.aborted) return Promise.reject(signal.reason);
      if (place !== undefined) return Promise.resolve(connect(address, place));
      const reason = `cannot reach ${formatAddress(address)}: nobody listens there`;
      return Promise.reject(new NetworkError('DIAL_FAILED', reason));
    },
    listen(address, events) {
      const reason = `cannot listen on ${formatAddress(address)}: another listens there already`;
      if (places.has(address.path)) return Promise.reject(new NetworkError('LISTEN_FAILED', reason));
      places.set(address.path, events);
      return Promise.resolve({ address, close: () => void places.delete(address.path) });
    },
  };
}

function connect(address: Address, place: ListenEvents): Channel {
  const near = new PairChannel(formatAddress(address));
  const far = new PairChannel(`${formatAddress(address)}#dialler`);
  near.say = word => far.hear(word);
  far.say = word => near.hear(word);
  queueMicrotask(() => place.accept(far));
  return near;
}
