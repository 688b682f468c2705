// Bytes of a segment: its head, twice, and then records. Each byte is explained in README.md.
//
//   head     magic "EDSPOOL1" │ number u48 │ previous u48 │ salt u32 │ crc u32          (28 bytes, twice)
//   record   length u24 │ check u8 │ crc u32 │ type u8 │ body …                         (9 bytes and the body)
//
// `length` counts the type and the body; `check` is its three bytes and 0xA5, xored. `crc` is over type and body
// and begins with the segment's salt, so that text in a message cannot pass for a record when one is searched for.

import { crc32 } from 'node:zlib';

export interface Head {
  /** Segments are numbered from 1, without gaps. */
  readonly number: number;
  /** How many bytes of the segment before this one count; 0 where there was none. */
  readonly previous: number;
  readonly salt: number;
}

/** A stretch that cannot be read. */
export interface Stretch {
  readonly position: number;
  readonly bytes: number;
}

/** Told of each record, in order; `body` is a view of the bytes that are scanned. */
export type Take = (type: number, body: Buffer, size: number) => void;

const magic = Buffer.from('EDSPOOL1', 'latin1');
const oneHead = 28;
/** Where the first record of a segment begins. */
export const headSize = 2 * oneHead;
/** What a record adds to its body. */
export const recordOverhead = 9;
/** The length is counted with three bytes. */
export const longestBody = 2 ** 24 - 2;
const checkSeed = 0xa5;
/** Searching for a readable record ends after checksums over so many bytes; the rest of the segment is given up. */
const mostSearched = 512 * 1024 * 1024;

export function headBytes({ number, previous, salt }: Head): Buffer {
  const one = Buffer.alloc(oneHead);
  magic.copy(one);
  one.writeUIntLE(number, 8, 6);
  one.writeUIntLE(previous, 14, 6);
  one.writeUInt32LE(salt, 20);
  one.writeUInt32LE(crc32(one.subarray(0, 24)), 24);
  return Buffer.concat([one, one]);
}

/** The head of a segment, from whichever copy is whole; undefined where none is. */
export function readHead(bytes: Buffer): Head | undefined {
  for (const at of [0, oneHead]) {
    const one = bytes.subarray(at, at + oneHead);
    if (one.length < oneHead || !one.subarray(0, 8).equals(magic)) continue;
    if (one.readUInt32LE(24) !== crc32(one.subarray(0, 24))) continue;
    return { number: one.readUIntLE(8, 6), previous: one.readUIntLE(14, 6), salt: one.readUInt32LE(20) };
  }
  return undefined;
}

/** Whether both copies of the head are whole. */
export function isHeadWhole(bytes: Buffer): boolean {
  const head = readHead(bytes);
  return head !== undefined && headBytes(head).equals(bytes.subarray(0, headSize));
}

/** Writes a record at `at`, where there is room for it; says where it ends. */
export function writeRecord(target: Buffer, at: number, salt: number, type: number, body: Buffer): number {
  const length = body.length + 1;
  const end = at + recordOverhead + body.length;
  target.writeUInt32LE(((checkOf(length) << 24) | length) >>> 0, at);
  target[at + 8] = type;
  body.copy(target, at + recordOverhead);
  target.writeUInt32LE(crc32(target.subarray(at + 8, end), salt), at + 4);
  return end;
}

function checkOf(length: number): number {
  return ((length ^ (length >> 8) ^ (length >> 16)) & 0xff) ^ checkSeed;
}

/** Where the record at `at` says that it ends; 0 where its length does not agree with its check. */
function statedEnd(bytes: Buffer, at: number): number {
  if (at + 4 > bytes.length) return 0;
  const word = bytes.readUInt32LE(at);
  const length = word & 0xffffff;
  return length > 0 && word >>> 24 === checkOf(length) ? at + 8 + length : 0;
}

/** Where the record at `at` ends; 0 where none can be read. */
function endOfRecord(bytes: Buffer, at: number, salt: number): number {
  const end = statedEnd(bytes, at);
  if (end === 0 || end > bytes.length) return 0;
  return crc32(bytes.subarray(at + 8, end), salt) === bytes.readUInt32LE(at + 4) ? end : 0;
}

/** Reads all records from `from` on, and tells which stretches between them cannot be read. */
export function scan(bytes: Buffer, salt: number, take: Take, from = headSize): Stretch[] {
  const bad: Stretch[] = [];
  let at = from;
  while (at < bytes.length) {
    const end = endOfRecord(bytes, at, salt);
    if (end > 0) {
      take(bytes[at + 8] ?? 0, bytes.subarray(at + recordOverhead, end), end - at);
      at = end;
      continue;
    }
    const next = nextRecord(bytes, at, salt);
    bad.push({ position: at, bytes: next - at });
    at = next;
  }
  return bad;
}

/** The first place behind `bad` with a record that can be read, or the end: first where this one says it ends. */
function nextRecord(bytes: Buffer, bad: number, salt: number): number {
  const stated = statedEnd(bytes, bad);
  if (stated === bytes.length || (stated > 0 && endOfRecord(bytes, stated, salt) > 0)) return stated;
  let left = mostSearched;
  for (let at = bad + 1; at + recordOverhead <= bytes.length && left > 0; at += 1) {
    const end = statedEnd(bytes, at);
    if (end === 0 || end > bytes.length) continue;
    if (endOfRecord(bytes, at, salt) > 0) return at;
    left -= end - at;
  }
  return bytes.length;
}

/** Whether what is left at the end is what a write that was cut off leaves: less than a record, or zeros. */
export function isTorn(rest: Buffer): boolean {
  if (rest.length < recordOverhead || statedEnd(rest, 0) > rest.length) return true;
  return rest.every(byte => byte === 0);
}
