// This side: sends numbered messages by a wire, and knows what became of each.

import type { Line } from '../peers/wire.ts';
import { Refused } from '../peers/wire.ts';
import { wireOf } from '../peers/wires.ts';
import { serve } from '../stage/child.ts';
import { Pace } from '../stage/pace.ts';
import { mark, measure, rise } from '../stage/rise.ts';

export interface SenderOpening {
  readonly port: number;
  readonly links: number;
  readonly dead?: number | undefined;
  readonly onSessionLost?: 'resend' | 'report' | undefined;
}

/** What is sent, and whether each waits for its receipt. */
export interface Sort {
  readonly size?: number | undefined;
  readonly deliver?: boolean | undefined;
}

export interface SenderFigures {
  readonly accepted: number;
  readonly refused: number;
  /** Rejected receipts by their code, and what the wire itself counts as ended. */
  readonly rejected: number;
  readonly reported: number;
  readonly waiting: number | undefined;
  /** For each link, when it went and came. */
  readonly downs: readonly (readonly number[])[];
  readonly ups: readonly (readonly number[])[];
  /** Rise of the memory since `mark`, in bytes. */
  readonly rise: number;
}

class Link {
  line: Line | undefined;
  next = 0;
  refused = 0;
  /** Taken at first, and refused later. */
  late = 0;
  rejected = 0;
  pending = 0;
  readonly confirmed: number[] = [];
  readonly downs: number[] = [];
  readonly ups: number[] = [];

  send(padding: string): void {
    try {
      const outcome = this.line?.send(this.next, padding);
      this.next += 1;
      if (outcome !== undefined) this.#watch(outcome);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.refused += 1;
    }
  }

  deliver(padding: string): void {
    const number = this.next;
    this.next += 1;
    this.pending += 1;
    (this.line?.deliver?.(number, padding) ?? Promise.reject(new Error('there are no receipts')))
      .then(
        () => void this.confirmed.push(number),
        (error: { code?: string }) => {
          if (error.code === 'OUTBOX_FULL') this.late += 1;
          else this.rejected += 1;
        },
      )
      .finally(() => {
        this.pending -= 1;
      });
  }

  #watch(outcome: Promise<void>): void {
    this.pending += 1;
    outcome
      .catch(() => {
        this.late += 1;
      })
      .finally(() => {
        this.pending -= 1;
      });
  }
}

const links: Link[] = [];
let pace: Pace | undefined;

/** Ms of sending in one go; others want to go too. */
const slice = 5;

async function open({ port, links: count, dead, onSessionLost }: SenderOpening): Promise<void> {
  const wire = wireOf(process.argv[2] ?? '');
  await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const link = new Link();
      links[at] = link;
      const up = (): void => void link.ups.push(Date.now());
      const down = (): void => void link.downs.push(Date.now());
      link.line = await wire.connect({ port, link: at, up, down, dead, onSessionLost });
    }),
  );
  setInterval(measure, 20).unref();
}

function go({ perSecond, size = 60, deliver = false }: Sort & { perSecond: number }): void {
  const padding = 'x'.repeat(size);
  let turn = 0;
  pace = new Pace(perSecond, () => {
    const link = links[turn % links.length];
    turn += 1;
    if (deliver) link?.deliver(padding);
    else link?.send(padding);
  });
}

function rest(): void {
  pace?.stop();
}

/** As fast as it goes, for so many ms. */
async function flood({ milliseconds, size = 1_024 }: Sort & { milliseconds: number }): Promise<void> {
  const padding = 'x'.repeat(size);
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    const stop = performance.now() + slice;
    while (performance.now() < stop) {
      for (let some = 0; some < 20; some += 1) links[0]?.send(padding);
    }
    measure();
    await new Promise(resolve => setImmediate(resolve));
  }
}

/** Asks so many times a second for so many ms; gives how long each answer took, in ms. */
async function asking({ perSecond, milliseconds }: { perSecond: number; milliseconds: number }): Promise<number[]> {
  const waits: number[] = [];
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    const start = performance.now();
    await links[0]?.line?.ask?.();
    const wait = performance.now() - start;
    waits.push(wait);
    await new Promise(resolve => setTimeout(resolve, Math.max(0, 1_000 / perSecond - wait)));
  }
  return waits;
}

/** The time of an event of the loop: one in a blocked process waits for its end. */
function block({ milliseconds }: { milliseconds: number }): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

function figures(): SenderFigures {
  const sum = (part: (link: Link) => number): number => links.reduce((total, link) => total + part(link), 0);
  const waiting = links.map(({ line, pending }) => line?.waiting ?? (pending > 0 ? pending : undefined));
  return {
    accepted: sum(({ next, late }) => next - late),
    refused: sum(({ refused, late }) => refused + late),
    rejected: sum(({ rejected }) => rejected),
    reported: sum(({ line }) => line?.reported ?? 0),
    waiting: waiting.some(count => count !== undefined)
      ? waiting.reduce<number>((all, count) => all + (count ?? 0), 0)
      : undefined,
    downs: links.map(({ downs }) => downs),
    ups: links.map(({ ups }) => ups),
    rise: rise(),
  };
}

const confirmed = (): number[] => links[0]?.confirmed ?? [];

serve({ open, go, rest, flood, asking, mark, block, figures, confirmed });
