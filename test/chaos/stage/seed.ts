// Random figures that come again with the same seed.

/** For this process and those it starts. */
const variable = 'CHAOS_SEED';

export function sow(seed: number): void {
  process.env[variable] = String(seed);
}

/** Figures from 0 up to 1, others for each word (mulberry32). */
export function randomOf(word: string): () => number {
  let state = Number(process.env[variable] ?? 0) | 0;
  for (const letter of word) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
