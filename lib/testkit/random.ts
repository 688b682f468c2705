// Chance that is the same in each run: mulberry32, a generator of 32 bits of state by Tommy Ettinger. Not for secrets.

/** Gives numbers from 0 up to 1, the same ones for the same seed. @default seed 1 */
export function seededRandom(seed = 1): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
