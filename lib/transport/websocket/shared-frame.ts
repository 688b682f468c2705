// A message framed once (RFC 6455 §5.2), to be sent to many.

import { isUtf8 } from 'node:buffer';
import type { SharedFrame } from './frame-channel.ts';

const lastText = 0x81;
const lastBinary = 0x82;

/** Makes a frame for `sendShared`: of text, or binary where the bytes are not UTF-8. */
export function sharedFrame(message: string | Buffer): SharedFrame {
  const bytes = Buffer.from(message);
  const header = headerOf(bytes.length);
  header[0] = isUtf8(bytes) ? lastText : lastBinary;
  return { message: bytes, framed: Buffer.concat([header, bytes]) };
}

function headerOf(length: number): Buffer {
  if (length < 126) return Buffer.from([0, length]);
  const header = Buffer.alloc(length < 65_536 ? 4 : 10);
  header[1] = length < 65_536 ? 126 : 127;
  if (length < 65_536) header.writeUInt16BE(length, 2);
  else header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}
