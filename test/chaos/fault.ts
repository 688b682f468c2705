// One line of the table: a fault, what it did to the messages, and what it may do at the most.

/** How the matrix is to be run. */
export interface Plan {
  /** Shorter cuts, fewer repeats. */
  readonly quick: boolean;
  /** Of everything random here; printed, so that a run can be repeated. */
  readonly seed: number;
  readonly progress: (text: string) => void;
}

/** What a row counted, in this order in the table; a row may have figures of its own besides. */
export interface Figures {
  /** Accepted by `send` or `deliver`. */
  readonly messages: number;
  /** Refused with an error by a full outbox; the caller kept them. */
  readonly refused: number;
  /** Accepted, neither delivered nor reported. */
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  /** From the fault until the client said so, in ms (p99 where there were several). */
  readonly detect?: number | undefined;
  /** From the end of the fault until a message arrived again, in ms (p99 where there were several). */
  readonly recover?: number | undefined;
  /** How far the memory (RSS) of the sending process rose above what it was before, in MiB. */
  readonly peak?: number | undefined;
  readonly [more: string]: number | undefined;
}

/** Figures by name, and how large each may be; a figure that is missing misses its bound. */
export type Bound = { readonly [figure: string]: number };

export interface Fault {
  readonly name: string;
  /** Whose messages: `ours`, or the name of a peer. */
  readonly who: string;
  /** None for peers: they are shown, not judged. */
  readonly bound: Bound;
  /** Why it cannot run here; undefined where it can. */
  skip?(): string | undefined;
  run(plan: Plan): Promise<Figures>;
}

export interface Row {
  readonly fault: string;
  readonly who: string;
  /** Undefined where the row failed as a whole. */
  readonly figures: Figures | undefined;
  readonly failure: string | undefined;
  /** Why it was not run. */
  readonly skipped: string | undefined;
  readonly bound: Bound;
  /** What was missed, in words; nothing when all bounds were kept. */
  readonly missed: readonly string[];
  readonly seconds: number;
}

export async function rowOf(fault: Fault, plan: Plan): Promise<Row> {
  const start = performance.now();
  const { name, who, bound } = fault;
  const skip = fault.skip?.();
  // In continuous integration all is there, or that is to be mended.
  if (skip !== undefined && process.env.CI !== 'true') {
    return { fault: name, who, figures: undefined, failure: undefined, skipped: skip, bound, missed: [], seconds: 0 };
  }
  const outcome = await (skip === undefined ? fault.run(plan) : Promise.reject(new Error(skip))).then(
    figures => ({ figures, failure: undefined }),
    (error: unknown) => ({ figures: undefined, failure: firstLine(error) }),
  );
  const { figures, failure } = outcome;
  const missed = figures === undefined ? [failure ?? ''] : missedOf(figures, bound);
  const seconds = Math.round((performance.now() - start) / 100) / 10;
  return { fault: name, who, ...outcome, skipped: undefined, bound, missed: isJudged(bound) ? missed : [], seconds };
}

/** Only ours are. */
export const isJudged = (bound: Bound): boolean => Object.keys(bound).length > 0;

/** Whether all that may not happen at all did not happen: what was missed is a time or a memory. */
export function countsAreKept({ figures, bound }: Row): boolean {
  if (figures === undefined || figures.messages === 0) return false;
  return Object.entries(bound).every(([name, limit]) => limit > 0 || (figures[name] ?? 1) <= 0);
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}

function missedOf(figures: Figures, bound: Bound): string[] {
  const missed = figures.messages > 0 ? [] : ['no message was sent'];
  for (const [name, limit] of Object.entries(bound)) {
    const figure = figures[name];
    if (figure === undefined) missed.push(`${name} never`);
    else if (!(figure <= limit)) missed.push(`${name} ${Math.round(figure * 10) / 10} > ${limit}`);
  }
  return missed;
}

/** Several runs of the same as one: counts add up, times and memory are the worst. */
export function together(runs: readonly Figures[]): Figures {
  const counts = new Set(['messages', 'refused', 'lost', 'duplicated', 'reordered']);
  const all: Record<string, number | undefined> = {};
  for (const run of runs) {
    for (const [name, figure] of Object.entries(run)) {
      const before = all[name];
      if (figure === undefined) all[name] = undefined;
      else if (!(name in all)) all[name] = figure;
      else if (before !== undefined) all[name] = counts.has(name) ? before + figure : Math.max(before, figure);
    }
  }
  const { messages = 0, refused = 0, lost = 0, duplicated = 0, reordered = 0 } = all;
  return { ...all, messages, refused, lost, duplicated, reordered };
}

/** The smallest figure that so large a share (0 to 1) of all does not pass; undefined of none. */
export function quantile(figures: readonly number[], share: number): number | undefined {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
