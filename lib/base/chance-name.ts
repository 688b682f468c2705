// Names that nobody else in the world has, and that nobody can guess, whatever other names he has seen: 72 bits of chance
// each, drawn for many at a time.

import { randomFillSync } from 'node:crypto';

const bytesOfOne = 9;
const pool = Buffer.alloc(bytesOfOne * 256);
let used: number = pool.length;

/** Twelve characters: letters, digits, `-` and `_`. */
export function chanceName(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytesOfOne;
  return pool.toString('base64url', used - bytesOfOne, used);
}
