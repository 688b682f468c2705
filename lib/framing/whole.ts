// One packet, one message: no line feed, and a limit that depends on the transport.

import { LimitError } from '../base/errors.ts';
import { bytesOf, textOf } from './utf8.ts';

/** The text of a packet; undefined where it is longer than allowed. */
export function unpack(packet: Buffer, longest: number): string | undefined {
  return packet.length > longest ? undefined : textOf(packet);
}

/** @throws LimitError DATAGRAM_TOO_LONG */
export function pack(text: string, longest: number): Buffer {
  const bytes = bytesOf(text);
  if (bytes.length <= longest) return bytes;
  throw new LimitError('DATAGRAM_TOO_LONG', `the message has ${bytes.length} bytes, a datagram holds ${longest}`);
}
