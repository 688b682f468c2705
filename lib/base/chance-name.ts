// Names that nobody else in the world has, and that nobody can guess, whatever other names he has seen: 72 bits of chance
// each, drawn for many at a time.

import { randomFillSync } from 'node:crypto';

const bytesOfOne = 9;
const charactersOfOne = 12;
const pool = Buffer.alloc(bytesOfOne * 256);
let drawn = '';
let used = 0;

/** Twelve characters: letters, digits, `-` and `_`. */
export function chanceName(): string {
  if (used === drawn.length) {
    drawn = randomFillSync(pool).toString('base64url');
    used = 0;
  }
  used += charactersOfOne;
  return drawn.slice(used - charactersOfOne, used);
}
