// What became of numbered messages: each client numbers its own from 1 on; each service tells which numbers it has handled,
// in their order. Together that is every number, once.

/** Numbers from and to, both included, in the order in which they were handled. */
export type Range = readonly [from: number, to: number];
/** By the client's own number. */
export type Handled = Readonly<Record<string, readonly Range[]>>;

export interface Outcome {
  readonly handled: number;
  /** Sent, and handled by nobody. */
  readonly lost: number;
  /** Handled more than once. */
  readonly duplicated: number;
  /** Handled after a later one. */
  readonly reordered: number;
}

/** A service's own list, which grows by runs and not by messages. */
export class Ledger {
  readonly #ranges: Record<string, [from: number, to: number][]> = {};

  note(client: number, number: number): void {
    this.#ranges[client] ??= [];
    const ranges = this.#ranges[client];
    const last = ranges.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }

  get handled(): Handled {
    return this.#ranges;
  }
}

export function countOf(handled: Handled): number {
  return Object.values(handled)
    .flat()
    .reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

/** Compares what was sent (the last number of each client) with what one service after the other has handled. */
export function outcomeOf(sent: ReadonlyMap<number, number>, services: readonly Handled[]): Outcome {
  let [lost, duplicated, reordered] = [0, 0, 0];
  for (const [client, last] of sent) {
    const seen = new Set<number>();
    let highest = 0;
    for (const [from, to] of services.flatMap(handled => handled[client] ?? [])) {
      for (let number = from; number <= to; number += 1) {
        if (seen.has(number)) duplicated += 1;
        else if (number < highest) reordered += 1;
        seen.add(number);
        highest = Math.max(highest, number);
      }
    }
    for (let number = 1; number <= last; number += 1) if (!seen.has(number)) lost += 1;
  }
  const handled = services.reduce((sum, one) => sum + countOf(one), 0);
  return { handled, lost, duplicated, reordered };
}
