// A session over a WebSocket: `/qio/ohai` both ways, because some proxies only pretend to upgrade; then a frame an event.

import type { FrameChannel, FrameEvents } from '../../../transport/index.ts';
import type { Close } from '../wire.ts';
import { closes, ohai } from '../wire.ts';
import type { Carrier } from './carrier.ts';
import { Framed } from './carrier.ts';
import { ChannelCarrier } from './channel-carrier.ts';

const greeting = new Framed(ohai);

export class WebSocketCarrier extends ChannelCarrier<FrameChannel> implements Carrier, FrameEvents {
  readonly kind = 'websocket';

  send({ shared }: Framed): void {
    this.channel.sendShared(shared);
  }

  close({ code, reason }: Close): void {
    this.channel.closeWith(code, reason);
  }

  // ---- for the channel

  data(chunk: Buffer): void {
    const owner = this.owner;
    owner.heard();
    if (chunk.length > this.longest) return owner.close(closes.tooBig);
    if (owner.state === 'open') return owner.receive(chunk.toString());
    if (owner.state !== 'handshake') return;
    if (chunk.toString() !== ohai) return owner.close(closes.badHandshake);
    this.send(greeting);
    owner.ohai();
  }

  closing(): void {
    this.owner.close(closes.plain);
    this.channel.closeWith();
  }

  ended(): void {
    this.closing();
  }
}
