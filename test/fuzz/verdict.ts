// What was found, each figure with its bound, and the table of them.

import type { Outcome } from './campaign.ts';
import { pingBound, strangers } from './campaign.ts';

export interface Row {
  readonly figure: string;
  readonly found: string;
  readonly bound: string;
  readonly verdict: 'ok' | 'MISSED' | '–';
  /** What does not fit into the table. */
  readonly notes: readonly string[];
}

/** How far memory at the end may be above that of the start. */
const memoryShare = 0.1;
const mostNotes = 5;

export function rowsOf(outcome: Outcome): Row[] {
  const { daemon, sentinel, crash, errors } = outcome;
  const { rejections = [], faults = [], connections = {} } = daemon ?? {};
  const wrong = strangers(connections);
  const lost = sentinel.sent - (daemon?.received ?? 0);
  const notNoted = sentinel.sent - sentinel.noted;
  const twice = (daemon?.duplicated ?? 0) + sentinel.notedTwice;
  const astray = (daemon?.reordered ?? 0) + sentinel.notedOutOfOrder;
  const rate = Math.round(outcome.inputs / outcome.seconds);
  return [
    shown('inputs', `${count(outcome.inputs)} in ${outcome.scripts} scripts`),
    shown('  handled, refused', `${count(daemon?.handled ?? 0)}, ${count(daemon?.refused ?? 0)} (with the warm-up)`),
    shown('time', `${outcome.seconds.toFixed(1)} s, ${count(rate)} inputs/s`),
    judged('crashes', crash === undefined ? 0 : 1, 0, [...(crash === undefined ? [] : [crash]), errors]),
    judged('unhandled rejections', rejections.length, 0, rejections),
    judged('errors of the runtime in the log', faults.length, 0, faults),
    shown('messages of the good connection', count(sentinel.sent)),
    judged('  lost', lost + notNoted, 0, [`daemon ${lost}, answers ${notNoted}`]),
    judged('  twice', twice, 0),
    judged('  out of order', astray, 0),
    judged('  links', sentinel.links, 1, sentinel.failures),
    judged('  failures', sentinel.failures.length, 0, sentinel.failures),
    judged('  slowest of its PINGs, ms', Math.round(sentinel.slowestPing), pingBound),
    judged('promises never settled', daemon?.pending ?? Number.NaN, 0),
    judged('connections not as at the start', wrong.length, 0, wrong),
    ...memoryRows(outcome),
  ];
}

/** @param slack bytes that are no matter in a short run */
export function memoryRows({ before, after, peak }: Pick<Outcome, 'before' | 'after' | 'peak'>, slack = 0): Row[] {
  const row = (figure: string, start = Number.NaN, end = Number.NaN): Row => {
    const change = (end - start) / start;
    const found = `${mebibytes(start)} → ${mebibytes(end)} MiB (${(change * 100).toFixed(1)} %)`;
    return {
      figure,
      found,
      bound: `+${memoryShare * 100} %${slack > 0 ? `, ${mebibytes(slack)} MiB` : ''}`,
      verdict: change <= memoryShare || end - start <= slack ? 'ok' : 'MISSED',
      notes: [],
    };
  };
  return [
    row('heap', before?.heap, after?.heap),
    row('memory (RSS)', before?.rss, after?.rss),
    shown('  at its peak', `${mebibytes(peak)} MiB`),
  ];
}

export function judged(figure: string, found: number, bound: number, notes: readonly string[] = []): Row {
  const verdict = found <= bound ? 'ok' : 'MISSED';
  const kept = verdict === 'ok' ? [] : notes.filter(note => note !== '').slice(0, mostNotes);
  return { figure, found: count(found), bound: `≤ ${count(bound)}`, verdict, notes: kept };
}

export function shown(figure: string, found: string): Row {
  return { figure, found, bound: '', verdict: '–', notes: [] };
}

export const count = (number: number): string => number.toLocaleString('en-US');
const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

export function tableText(rows: readonly Row[]): string {
  const lines = [
    ['figure', 'found', 'bound', 'verdict'],
    ...rows.map(row => [row.figure, row.found, row.bound, row.verdict]),
  ];
  const widths = [0, 1, 2, 3].map(column => Math.max(...lines.map(line => line[column]?.length ?? 0)));
  const texts = lines.map(line =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map(width => '─'.repeat(width)).join('  ');
  const notes = rows.flatMap(({ figure, notes }) => notes.map(note => `  ${figure.trim()}: ${note}`));
  return [texts[0], rule, ...texts.slice(1), ...notes].join('\n');
}
