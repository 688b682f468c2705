// What services wrote down (programs/service.ts), read when all is over: what became of the messages of each course.

import { existsSync, readFileSync } from 'node:fs';
import type { CourseFigures } from '../../programs/service.ts';
import { Tally } from '../tally.ts';

export interface Entry {
  /** Ms since 1970. */
  readonly at: number;
  /** The process that handled it. */
  readonly life: string;
  readonly course: string;
  readonly number: number;
  /** Ms from `deliver` to its handler. */
  readonly way: number;
}

/** All that was handled, in its order; a line that was cut off by a death counts for nothing. */
export function entriesOf(journal: string): Entry[] {
  if (!existsSync(journal)) return [];
  const lines = readFileSync(journal, 'latin1').split('\n').slice(0, -1);
  return lines.map(line => {
    const [at = '', life = '', course = '', number = '', way = ''] = line.split(' ');
    return { at: Number(at), life, course, number: Number(number), way: Number(way) };
  });
}

export interface CourseCounts {
  readonly messages: number;
  readonly refused: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  /** Refused to the sender later, each with a code. */
  readonly reported: number;
  readonly 'confirmed but lost': number;
  readonly 'refused but handled': number;
  /** More than once by the same process. */
  readonly 'twice in one life': number;
}

/** @param journals of all services that may have handled messages of this course */
export function countsOf(course: string, figures: CourseFigures, journals: readonly string[]): CourseCounts {
  const { accepted, refused, confirmed, rejected } = figures;
  const all = new Tally();
  const told = new Tally();
  const full = new Set(rejected.OUTBOX_FULL);
  const reported = Object.values(rejected)
    .flat()
    .filter(number => !full.has(number));
  for (const number of reported) told.take(number);
  const lives = new Map<string, Tally>();
  let reordered = 0;
  for (const journal of journals) {
    const order = new Tally();
    for (const { life, number } of entriesOf(journal).filter(entry => entry.course === course)) {
      all.take(number);
      order.take(number);
      const tally = lives.get(life) ?? new Tally();
      tally.take(number);
      lives.set(life, tally);
    }
    reordered += order.counts.reordered;
  }
  const numbers = Array.from({ length: accepted + refused }, (_, number) => number);
  return {
    messages: accepted,
    refused,
    lost: numbers.filter(number => !all.has(number) && !told.has(number) && !full.has(number)).length,
    duplicated: all.counts.duplicated,
    reordered,
    reported: reported.length,
    'confirmed but lost': confirmed.filter(number => !all.has(number)).length,
    'refused but handled': [...reported, ...full].filter(number => all.has(number)).length,
    'twice in one life': [...lives.values()].reduce((sum, { counts }) => sum + counts.duplicated, 0),
  };
}

/** The longest time in ms in which nothing was handled. */
export function longestGap(entries: readonly Entry[]): number {
  return Math.max(0, ...entries.slice(1).map(({ at }, before) => at - (entries[before]?.at ?? at)));
}
