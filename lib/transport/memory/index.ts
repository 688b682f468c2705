// Streams inside one process, for tests and for two services under one roof: no socket, the same contract.

import type { Address } from '../../base/address.ts';
import { formatAddress } from '../../base/address.ts';
import { NetworkError } from '../../base/errors.ts';
import type { Channel, ChannelEvents, ListenEvents, Transport } from '../transport.ts';

/** Unread bytes from which `send` says false. */
const highWater = 64 * 1024;
/** As for sockets, in ms. */
const lingerTime = 500;

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
  const near = new MemoryChannel(formatAddress(address));
  const far = new MemoryChannel(`${formatAddress(address)}#dialler`);
  near.join(far);
  far.join(near);
  queueMicrotask(() => place.accept(far));
  return near;
}

/** What comes to a channel, in order. */
type Arrival = { readonly kind: 'data'; readonly bytes: Buffer } | { readonly kind: 'end' };

class MemoryChannel implements Channel {
  readonly remote: string;
  #peer: MemoryChannel | undefined;
  #events: ChannelEvents | undefined;
  #arrivals: Arrival[] = [];
  #unread = 0;
  #flow: 'early' | 'flowing' | 'paused' | 'closing' | 'closed' = 'early';
  #sending: 'open' | 'full' | 'ended' = 'open';
  #heard: 'open' | 'ended' = 'open';
  #reason: Error | undefined;
  #lingering: NodeJS.Timeout | undefined;

  constructor(remote: string) {
    this.remote = remote;
  }

  get unsent(): number {
    return this.#flow === 'closed' || this.#peer === undefined ? 0 : this.#peer.#unread;
  }

  join(peer: MemoryChannel): void {
    this.#peer = peer;
  }

  start(events: ChannelEvents): void {
    this.#events = events;
    if (this.#flow === 'closed') this.#tell();
    else this.resume();
  }

  pause(): void {
    if (this.#flow === 'flowing') this.#flow = 'paused';
  }

  resume(): void {
    if (this.#flow !== 'early' && this.#flow !== 'paused') return;
    this.#flow = 'flowing';
    queueMicrotask(() => this.#read());
  }

  send(bytes: Buffer): boolean {
    const peer = this.#peer;
    if (this.#sending === 'ended' || this.#flow === 'closed' || peer === undefined) return true;
    peer.arrive({ kind: 'data', bytes: Buffer.from(bytes) });
    if (peer.#unread >= highWater) this.#sending = 'full';
    return this.#sending === 'open';
  }

  close(linger: number = lingerTime): void {
    if (this.#flow === 'closing' || this.#flow === 'closed') return;
    this.end();
    this.#flow = 'closing';
    queueMicrotask(() => this.#read());
    this.#linger(linger);
  }

  end(): void {
    if (this.#sending === 'ended' || this.#flow === 'closed') return;
    this.#sending = 'ended';
    this.#peer?.arrive({ kind: 'end' });
    queueMicrotask(() => this.#read());
  }

  destroy(reason?: Error): void {
    const peer = this.#peer;
    if (this.#flow === 'closed') return;
    this.#end(reason);
    if (peer === undefined || peer.#flow === 'closed') return;
    peer.#end(new NetworkError('CLOSED', `${peer.remote}: the other side was destroyed`));
  }

  reset(): void {
    this.destroy();
  }

  arrive(arrival: Arrival): void {
    this.#arrivals.push(arrival);
    if (arrival.kind === 'data') this.#unread += arrival.bytes.length;
    queueMicrotask(() => this.#read());
  }

  #read(): void {
    while (this.#flow === 'flowing' || this.#flow === 'closing') {
      const arrival = this.#arrivals.shift();
      if (arrival === undefined) break;
      if (arrival.kind === 'end') this.#heardEnd();
      else this.#take(arrival.bytes);
    }
    if (this.#heard === 'ended' && this.#sending === 'ended' && this.unsent === 0) this.#end();
  }

  #take(bytes: Buffer): void {
    this.#unread -= bytes.length;
    if (this.#flow === 'flowing') this.#events?.data(bytes);
    if (this.#unread === 0) this.#peer?.relieved();
  }

  #heardEnd(): void {
    this.#heard = 'ended';
    if (this.#flow === 'flowing') this.#events?.ended();
  }

  relieved(): void {
    if (this.#sending === 'full') {
      this.#sending = 'open';
      this.#events?.drained();
    }
    if (this.#sending === 'ended') queueMicrotask(() => this.#read());
  }

  /** After the last byte was read, the other side has a while to close too. */
  #linger(time: number): void {
    this.#lingering = setTimeout(() => (this.unsent === 0 ? this.destroy() : this.#linger(time)), time);
  }

  #end(reason?: Error): void {
    if (this.#flow === 'closed') return;
    clearTimeout(this.#lingering);
    this.#flow = 'closed';
    this.#reason = reason;
    this.#arrivals = [];
    this.#unread = 0;
    this.#tell();
  }

  /** Tells the owner, if there is one yet, that all is over. */
  #tell(): void {
    const events = this.#events;
    if (events !== undefined) queueMicrotask(() => events.closed(this.#reason));
  }
}
