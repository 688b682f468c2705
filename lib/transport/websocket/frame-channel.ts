// What a WebSocket has that a stream has not: boundaries, and words at the end.

import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import type { Address } from '../../base/address.ts';
import type { Channel, ChannelEvents, Listening, Transport } from '../transport.ts';

/** A channel that keeps the boundaries of what is sent, and has close codes (RFC 6455 §7.4). */
export interface FrameChannel extends Channel {
  /** The request that asked for this connection; of accepted channels only. */
  readonly request?: UpgradeRequest | undefined;
  /** The subprotocol that both sides chose; empty without. */
  readonly protocol?: string | undefined;
  start(events: FrameEvents): void;
  /**
   * As `close`, and tells the other side why; an empty close frame without a code. In answer to a close frame, the
   * absent code is the one that came. A reason beyond 123 bytes is cut.
   * @throws UsageError INVALID_VALUE for a code that no close frame may have
   */
  closeWith(code?: number, reason?: string): void;
  /** As `send`, of frames that were made once for many channels; in order with what `send` sends. */
  sendShared(frame: SharedFrame): boolean;
}

/** Messages framed once, for many channels: see `sharedFrame` and `joinedFrame`. */
export interface SharedFrame {
  /** What is said, in order. */
  readonly messages: readonly Buffer[];
  /** The same as a server sends it: headers and messages, not masked. */
  readonly framed: Buffer;
}

/** What a FrameChannel tells its owner besides. */
export interface FrameEvents extends ChannelEvents {
  /**
   * The other side's close frame came (1005: without a code), or its end without one (1006). Before `ended` and
   * `closed`; also after a `close` of ours, when the answer comes. Not after `destroy` or `reset`.
   */
  closing?(code: number, reason: string): void;
}

/** What a client asked for when it connected. */
export interface UpgradeRequest {
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** What a listening place tells its owner. */
export interface FrameListenEvents {
  accept(channel: FrameChannel): void;
  trouble(error: Error): void;
}

/** A transport whose channels are FrameChannels. */
export interface FrameTransport extends Transport {
  dial(address: Address, signal: AbortSignal): Promise<FrameChannel>;
  listen(address: Address, events: FrameListenEvents): Promise<Listening>;
}

const lastText = 0x81;
const lastBinary = 0x82;

/** Makes a frame for `sendShared`: of text, or binary where the bytes are not UTF-8. */
export function sharedFrame(message: string | Buffer): SharedFrame {
  const bytes = Buffer.from(message);
  const header = headerOf(bytes.length);
  header[0] = isUtf8(bytes) ? lastText : lastBinary;
  return { messages: [bytes], framed: Buffer.concat([header, bytes]) };
}

/** Many as one, for `sendShared`: they go out in one write. */
export function joinedFrame(frames: readonly SharedFrame[]): SharedFrame {
  return {
    messages: frames.flatMap(({ messages }) => messages),
    framed: Buffer.concat(frames.map(({ framed }) => framed)),
  };
}

function headerOf(length: number): Buffer {
  if (length < 126) return Buffer.from([0, length]);
  const header = Buffer.alloc(length < 65_536 ? 4 : 10);
  header[1] = length < 65_536 ? 126 : 127;
  if (length < 65_536) header.writeUInt16BE(length, 2);
  else header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}
