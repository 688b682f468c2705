// A session over a WebSocket: `/qio/ohai` both ways, because some proxies only pretend to upgrade; then a frame an event.

import type { FrameChannel, FrameEvents } from '../../../transport/index.ts';
import type { Close } from '../wire.ts';
import { closes, ohai } from '../wire.ts';
import type { Carrier, CarrierOwner } from './carrier.ts';
import { Framed } from './carrier.ts';

const greeting = new Framed(ohai);

export class WebSocketCarrier implements Carrier, FrameEvents {
  readonly kind = 'websocket';
  readonly remote: string;
  readonly #channel: FrameChannel;
  readonly #owner: CarrierOwner;
  readonly #longest: number;

  /** `longest` event in bytes. */
  constructor(channel: FrameChannel, owner: CarrierOwner, longest: number) {
    this.remote = channel.remote;
    this.#channel = channel;
    this.#owner = owner;
    this.#longest = longest;
  }

  get unsent(): number {
    return this.#channel.unsent;
  }

  start(): void {
    this.#channel.start(this);
  }

  send({ shared }: Framed): void {
    this.#channel.sendShared(shared);
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  tick(): void {}

  close({ code, reason }: Close): void {
    this.#channel.closeWith(code, reason);
  }

  destroy(reason?: Error): void {
    this.#channel.destroy(reason);
  }

  // ---- for the channel

  data(chunk: Buffer): void {
    const owner = this.#owner;
    owner.heard();
    if (chunk.length > this.#longest) return owner.close(closes.tooBig);
    if (owner.state === 'open') return owner.receive(chunk.toString());
    if (owner.state !== 'handshake') return;
    if (chunk.toString() !== ohai) return owner.close(closes.badHandshake);
    this.send(greeting);
    owner.ohai();
  }

  drained(): void {}

  closing(): void {
    this.#owner.close(closes.plain);
    this.#channel.closeWith();
  }

  ended(): void {
    this.closing();
  }

  closed(reason?: Error): void {
    this.#owner.gone(reason);
  }
}
