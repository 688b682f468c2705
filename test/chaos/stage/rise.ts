// How far the memory of this process rises.

/** Ms of making and dropping objects, after which the young part of the heap is as large as it gets (32 MiB). */
const warming = 200;

let before = 0;
let highest = 0;

/** Looks now; often enough, and nothing high is missed. */
export function measure(): void {
  highest = Math.max(highest, process.memoryUsage.rss());
}

/**
 * What the memory is now is what its rise is measured from. First the young part of the heap is let grow, as it is in
 * any process that has worked a while: it is not memory that messages hold.
 */
export function mark(): void {
  const end = performance.now() + warming;
  for (let kept: object[] = []; performance.now() < end; ) {
    for (let some = 0; some < 1_000; some += 1) kept.push({ text: `kept ${some}`, list: [some, end] });
    if (kept.length > 20_000) kept = [];
  }
  before = process.memoryUsage.rss();
  highest = before;
}

/** In bytes, since `mark`. */
export const rise = (): number => highest - before;
