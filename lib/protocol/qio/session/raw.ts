// A session over a plain stream: `/qio/ohai` both ways, then each event behind 8 bytes of length, big-endian.
//
// Old Flash players ask for a policy first; they get one, and come back.

import type { Channel } from '../../../transport/index.ts';
import type { Close } from '../wire.ts';
import { closes, ohai } from '../wire.ts';
import type { Carrier, Framed } from './carrier.ts';
import { ChannelCarrier } from './channel-carrier.ts';

const lengthBytes = 8;
const greeting = Buffer.from(ohai);
const policyRequest = Buffer.from('<policy-file-request/>');
const policy = Buffer.from('<cross-domain-policy><allow-access-from domain="*" to-ports="*" /></cross-domain-policy>');
const nothing = Buffer.alloc(0);

export class RawCarrier extends ChannelCarrier<Channel> implements Carrier {
  readonly kind = 'raw';
  /** What came of a message that is not here whole, and how many bytes of it are needed. */
  #parts: Buffer[] = [];
  #here = 0;
  #needed = 0;

  send({ raw }: Framed): void {
    this.channel.send(raw);
  }

  close(_close: Close): void {
    this.channel.close();
  }

  // ---- for the channel

  data(chunk: Buffer): void {
    this.owner.heard();
    this.#parts.push(chunk);
    this.#here += chunk.length;
    // Parts are put together when something is whole: a message that comes byte by byte costs no more than another.
    if (this.#here < this.#needed) return this.owner.awaitRest('awaited');
    const bytes = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts, this.#here);
    const rest = this.owner.state === 'handshake' ? this.#greet(bytes) : this.#take(bytes);
    this.#keep(rest);
  }

  ended(): void {
    this.owner.close(closes.plain);
    this.channel.close();
  }

  #keep(rest: Buffer): void {
    this.#here = rest.length;
    this.#parts = rest.length === 0 ? [] : [rest];
    if (this.owner.state === 'open') this.owner.awaitRest(rest.length === 0 ? 'here' : 'awaited');
  }

  #greet(bytes: Buffer): Buffer {
    if (startsWith(bytes, greeting)) {
      this.channel.send(greeting);
      this.owner.ohai();
      return this.#take(bytes.subarray(greeting.length));
    }
    if (startsWith(bytes, policyRequest)) this.channel.send(policy);
    else if (startsWith(greeting, bytes) || startsWith(policyRequest, bytes)) return bytes;
    this.owner.close(closes.badHandshake);
    return nothing;
  }

  /** Takes all that is whole; gives the rest. */
  #take(bytes: Buffer): Buffer {
    let at = 0;
    this.#needed = lengthBytes;
    while (bytes.length - at >= lengthBytes && this.owner.state === 'open') {
      const length = lengthAt(bytes, at);
      if (length > this.longest) {
        this.owner.close(closes.tooBig);
        return nothing;
      }
      this.#needed = lengthBytes + length;
      if (bytes.length - at < this.#needed) break;
      this.owner.receive(bytes.toString('utf8', at + lengthBytes, at + this.#needed));
      at += this.#needed;
      this.#needed = lengthBytes;
    }
    return bytes.subarray(at);
  }
}

function startsWith(bytes: Buffer, start: Buffer): boolean {
  return bytes.length >= start.length && bytes.subarray(0, start.length).equals(start);
}

/** Exact up to 2^53; anything beyond is too long in any case. */
function lengthAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}
