// A transport in the hand of the test: each dial and each channel does what the test says, when it says so.

import type { Address, Channel, ChannelEvents, Listening, Transport } from '../../lib/index.ts';
import { formatAddress, NetworkError } from '../../lib/index.ts';
import { until } from '../support/world.ts';

export class StubChannel implements Channel {
  readonly remote: string;
  /** What was sent so far. */
  text = '';
  unsent = 0;
  /** What `send` says. */
  room = true;
  flow: 'early' | 'flowing' | 'paused' = 'early';
  #phase: 'open' | 'closing' | 'closed' = 'open';
  #events: ChannelEvents | undefined;

  constructor(remote: string) {
    this.remote = remote;
  }

  get phase(): 'open' | 'closing' | 'closed' {
    return this.#phase;
  }

  start(events: ChannelEvents): void {
    this.#events = events;
    this.flow = 'flowing';
  }

  pause(): void {
    this.flow = 'paused';
  }

  resume(): void {
    this.flow = 'flowing';
  }

  send(bytes: Buffer): boolean {
    if (this.#phase !== 'open') return true;
    this.text += bytes.toString('latin1');
    return this.room;
  }

  close(): void {
    if (this.#phase === 'open') this.#phase = 'closing';
  }

  destroy(reason?: Error): void {
    this.gone(reason);
  }

  reset(): void {
    this.gone();
  }

  // ---- what the other side does

  says(text: string): void {
    this.#events?.data(Buffer.from(text, 'latin1'));
  }

  ends(): void {
    this.#events?.ended();
  }

  drains(): void {
    this.room = true;
    this.#events?.drained();
  }

  /** The channel is closed, from now on. */
  gone(reason?: Error): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    queueMicrotask(() => this.#events?.closed(reason));
  }
}

export interface Dial {
  readonly address: string;
  readonly signal: AbortSignal;
  /** The connection is there. */
  succeed(): StubChannel;
  fail(error?: Error): void;
}

/** Dials wait for the test; one that is aborted rejects at once, as the contract wants it. */
export class StubTransport implements Transport {
  readonly dials: Dial[] = [];

  dial(address: Address, signal: AbortSignal): Promise<Channel> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      const text = formatAddress(address);
      this.dials.push({
        address: text,
        signal,
        succeed: () => {
          const channel = new StubChannel(text);
          resolve(channel);
          return channel;
        },
        fail: (error = new NetworkError('DIAL_FAILED', `cannot reach ${text}: refused`)) => reject(error),
      });
    });
  }

  listen(): Promise<Listening> {
    return Promise.reject(new NetworkError('LISTEN_FAILED', 'a stub does not listen'));
  }

  /** The dial at this place, counted from 0. */
  async at(index: number): Promise<Dial> {
    await until(`dial ${index}`, () => this.dials.length > index);
    const dial = this.dials[index];
    if (dial === undefined) throw new Error(`there is no dial ${index}`);
    return dial;
  }
}
