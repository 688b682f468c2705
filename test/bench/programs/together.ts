// Many connections of one process, opened some at a time.

/** At the same time; more only wait in the system's queue. */
const together = 200;

/** Resolves when so many have been opened; `open` is given a number from 0 on. */
export async function inGroups(count: number, open: (id: number) => Promise<void>): Promise<void> {
  for (let first = 0; first < count; first += together) {
    const some = Array.from({ length: Math.min(together, count - first) }, (_, index) => first + index);
    await Promise.all(some.map(open));
  }
}
