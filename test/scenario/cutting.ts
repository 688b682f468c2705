// A network in one process whose links break where the test wants it: now, or after so many more bytes in one direction,
// in the middle of a line too.

import type { Address, Channel, ChannelEvents, ListenEvents, Listening, Transport } from '../../lib/index.ts';
import { memory, NetworkError } from '../../lib/index.ts';

export interface Cut {
  /** Whose bytes are counted: the dialler's or the listener's. */
  readonly direction: 'out' | 'in';
  /** So many still pass. */
  readonly bytes: number;
  /** Both sides see an error; or the dialler sees an end, and what it still says arrives (a proxy that half closes). */
  readonly kind: 'reset' | 'end';
}

/** The dialler's end of a link. */
class FragileChannel implements Channel, ChannelEvents {
  readonly #channel: Channel;
  #events: ChannelEvents | undefined;
  #cut: Cut | undefined;
  #left = 0;
  #phase: 'whole' | 'breaking' = 'whole';

  constructor(channel: Channel, cut: Cut | undefined) {
    this.#channel = channel;
    if (cut !== undefined) this.breakAt(cut);
  }

  get remote(): string {
    return this.#channel.remote;
  }

  get unsent(): number {
    return this.#channel.unsent;
  }

  breakAt(cut: Cut): void {
    if (this.#phase === 'breaking') return;
    this.#cut = cut;
    this.#left = cut.bytes;
    if (cut.bytes === 0) this.#break();
  }

  start(events: ChannelEvents): void {
    this.#events = events;
    this.#channel.start(this);
    if (this.#phase === 'breaking' && this.#cut?.kind === 'end') queueMicrotask(() => events.ended());
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  send(bytes: Buffer): boolean {
    return this.#channel.send(this.#passing('out', bytes));
  }

  close(linger?: number): void {
    this.#channel.close(linger);
  }

  destroy(reason?: Error): void {
    this.#channel.destroy(reason);
  }

  reset(): void {
    this.#channel.reset();
  }

  // ---- what the channel tells

  data(chunk: Buffer): void {
    const passing = this.#passing('in', chunk);
    if (passing.length > 0) this.#events?.data(passing);
  }

  drained(): void {
    this.#events?.drained();
  }

  ended(): void {
    this.#events?.ended();
  }

  closed(reason?: Error): void {
    this.#events?.closed(reason);
  }

  /** As many of the bytes as still pass. */
  #passing(direction: 'out' | 'in', bytes: Buffer): Buffer {
    const whole = this.#cut?.kind === 'end' && direction === 'out';
    if (this.#phase === 'breaking') return whole ? bytes : Buffer.alloc(0);
    if (this.#cut?.direction !== direction) return bytes;
    const passing = bytes.subarray(0, this.#left);
    this.#left -= passing.length;
    if (this.#left === 0) this.#break();
    return whole ? bytes : passing;
  }

  /** What has passed is read before the other side sees the end. */
  #break(): void {
    if (this.#phase === 'breaking') return;
    this.#phase = 'breaking';
    if (this.#cut?.kind === 'end') queueMicrotask(() => this.#events?.ended());
    else setImmediate(() => this.#channel.destroy(new NetworkError('CLOSED', 'cut')));
  }
}

export class CuttingNetwork implements Transport {
  /** Cuts of the links to come, one each. */
  readonly traps: Cut[] = [];
  readonly #memory = memory();
  #present: FragileChannel | undefined;

  async dial(address: Address, signal: AbortSignal): Promise<Channel> {
    const channel = await this.#memory.dial(address, signal);
    this.#present = new FragileChannel(channel, this.traps.shift());
    return this.#present;
  }

  listen(address: Address, events: ListenEvents): Promise<Listening> {
    return this.#memory.listen(address, events);
  }

  /** Breaks the present link. */
  cut(cut: Cut): void {
    this.#present?.breakAt(cut);
  }
}
