// Integers of Python, which have no end: a number as far as it is exact, then a bigint.

import { refused } from './settle.ts';

/** Digits of the longest integer, as in Python; more would take long to read and to print. */
const mostDigits = 4_300;
/** Bytes of an integer of so many digits. */
const mostBytes = 1_800;

/** @throws PeerError INVALID_CONTENT */
export function decimal(text: string): number | bigint {
  if (!/^[+-]?\d+$/.test(text)) throw refused('an integer cannot be read');
  if (text.length > mostDigits) throw refused(`an integer of ${text.length} digits`);
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  return plain(BigInt(text.replace(/^\+/, '')));
}

/** Two's complement, the lowest byte first. @throws PeerError INVALID_CONTENT */
export function longOf(bytes: Buffer): number | bigint {
  if (bytes.length > mostBytes) throw refused(`an integer of ${bytes.length} bytes`);
  if (bytes.length === 0) return 0;
  const digits = Buffer.from(bytes).reverse().toString('hex');
  return plain(BigInt.asIntN(bytes.length * 8, BigInt(`0x${digits}`)));
}

function plain(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
