// What carries a client's session: a raw stream, a WebSocket, or one HTTP request after the other. The session does not
// know which; a carrier knows framing and nothing else.

import type { SharedFrame } from '../../../transport/index.ts';
import { joinedFrame, sharedFrame } from '../../../transport/index.ts';
import type { Close } from '../wire.ts';

export type CarrierKind = 'raw' | 'websocket' | 'polling';

export interface Carrier {
  readonly kind: CarrierKind;
  /** Address of the other side, as text. */
  readonly remote: string;
  /** Bytes that the other side has not taken yet. */
  readonly unsent: number;
  send(said: Framed): void;
  /** Nothing more is to be read, until `resume`; what was read already may still come. */
  pause(): void;
  resume(): void;
  /** Each tick of the server, in ms of its clock. `saidAt` is when something was sent last. */
  tick(now: number, saidAt: number): void;
  /** Sends what there is to send, says why, and ends; `gone` follows. */
  close(close: Close): void;
  /** Ends now; `gone` follows. */
  destroy(reason?: Error): void;
}

/** Something to do between two events. */
export type Errand = () => void;

/** The session, as its carrier sees it. */
export interface CarrierOwner {
  readonly state: ClientState;
  /** The handshake is done. */
  ohai(): void;
  /** An event came in, as text. */
  receive(text: string): void;
  /** Some came at once, and something is to be done in between; all in order. */
  receiveAll(inbound: readonly (string | Errand)[]): void;
  /** Whether the rest of a message is awaited: not for ever. */
  awaitRest(rest: 'awaited' | 'here'): void;
  /** Anything came: it lives. */
  heard(): void;
  close(close: Close, reason?: Error): void;
  /** Once, last. */
  gone(reason?: Error): void;
}

/** Where a client is in its life. */
export type ClientState = 'handshake' | 'open' | 'closing' | 'closed';

const lengthBytes = 8;

/** One event, or some that go out together: framed at most once for each kind of carrier, however many clients get it. */
export class Framed {
  readonly #parts: readonly Framed[];
  #text: string | undefined;
  #shared: SharedFrame | undefined;
  #raw: Buffer | undefined;

  constructor(said: string | readonly Framed[]) {
    if (typeof said === 'string') this.#text = said;
    this.#parts = typeof said === 'string' ? [] : said;
  }

  get count(): number {
    return Math.max(1, this.#parts.length);
  }

  /** In lines where it is more than one. */
  get text(): string {
    this.#text ??= this.#parts.map(({ text }) => text).join('\n');
    return this.#text;
  }

  /** For WebSockets. */
  get shared(): SharedFrame {
    this.#shared ??= this.count === 1 ? sharedFrame(this.text) : joinedFrame(this.#parts.map(({ shared }) => shared));
    return this.#shared;
  }

  /** For raw streams: 8 bytes of length, then the text. */
  get raw(): Buffer {
    this.#raw ??= this.count === 1 ? rawFrame(this.text) : Buffer.concat(this.#parts.map(({ raw }) => raw));
    return this.#raw;
  }
}

function rawFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(lengthBytes + length);
  frame.writeBigUInt64BE(BigInt(length), 0);
  frame.write(text, lengthBytes);
  return frame;
}
