// Bytes to text and back without losing any. The wire is UTF-8, but C++ peers put any bytes into a value and
// forward them as they are. So a byte that belongs to no UTF-8 character becomes the lone surrogate
// U+DC00 + byte (the way of Python's "surrogateescape"), and on the way out that becomes the byte again.

import { isAscii, isUtf8 } from 'node:buffer';

const firstEscape = 0xdc80;
const lastEscape = 0xdcff;

/** The text of `bytes`; `bytesOf` gives the same bytes back. */
export function textOf(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : escapedText(bytes);
}

/** The bytes of `text`; a lone surrogate that stands for no byte becomes U+FFFD. */
export function bytesOf(text: string): Buffer {
  return text.isWellFormed() ? Buffer.from(text, 'utf8') : escapedBytes(text);
}

function escapedText(bytes: Uint8Array): string {
  const parts: string[] = [];
  let good = 0;
  let at = 0;
  const take = (end: number): void => {
    if (end > good) parts.push(Buffer.from(bytes.buffer, bytes.byteOffset + good, end - good).toString('utf8'));
  };
  while (at < bytes.length) {
    const length = characterLength(bytes, at);
    if (length === 0) {
      take(at);
      parts.push(String.fromCharCode(0xdc00 + (bytes[at] ?? 0)));
      good = at + 1;
    }
    at += length || 1;
  }
  take(bytes.length);
  return parts.join('');
}

/** How many bytes the UTF-8 character at `at` has (RFC 3629 §4); 0 where there is none. */
function characterLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const second = bytes[at + 1] ?? 0;
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (let next = at + 2; next < at + length; next += 1) {
    if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

function escapedBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(text.length * 3);
  let length = 0;
  let good = 0;
  for (const { index } of text.matchAll(/\p{Surrogate}/gu)) {
    if (index > good) length += bytes.write(text.slice(good, index), length, 'utf8');
    const code = text.charCodeAt(index);
    const isByte = code >= firstEscape && code <= lastEscape;
    length = isByte ? bytes.writeUInt8(code - 0xdc00, length) : length + bytes.write('\ufffd', length, 'utf8');
    good = index + 1;
  }
  if (good < text.length) length += bytes.write(text.slice(good), length, 'utf8');
  return Buffer.from(bytes.subarray(0, length));
}
