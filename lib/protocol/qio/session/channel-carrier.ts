// What raw streams and WebSockets have in common as carriers: one channel, for as long as the session lasts.

import type { Channel, ChannelEvents } from '../../../transport/index.ts';
import type { CarrierOwner } from './carrier.ts';

export abstract class ChannelCarrier<C extends Channel> implements ChannelEvents {
  protected readonly channel: C;
  protected readonly owner: CarrierOwner;
  /** Longest event in bytes. */
  protected readonly longest: number;

  constructor(channel: C, owner: CarrierOwner, longest: number) {
    this.channel = channel;
    this.owner = owner;
    this.longest = longest;
  }

  get remote(): string {
    return this.channel.remote;
  }

  get unsent(): number {
    return this.channel.unsent;
  }

  start(): void {
    this.channel.start(this);
  }

  pause(): void {
    this.channel.pause();
  }

  resume(): void {
    this.channel.resume();
  }

  /** A channel has no time of its own to keep. */
  tick(): void {}

  destroy(reason?: Error): void {
    this.channel.destroy(reason);
  }

  // ---- for the channel

  abstract data(chunk: Buffer): void;
  abstract ended(): void;

  drained(): void {}

  closed(reason?: Error): void {
    this.owner.gone(reason);
  }
}
