// The table in words: one line a fault, and below it what was missed.

import type { Row } from './fault.ts';
import { isJudged } from './fault.ts';

const head = [
  'fault',
  'who',
  'messages',
  'refused',
  'lost',
  'duplicated',
  'reordered',
  'detect ms',
  'recover ms',
  'peak MB',
  'bound',
] as const;
const columns = ['messages', 'refused', 'lost', 'duplicated', 'reordered', 'detect', 'recover', 'peak'] as const;
const known: ReadonlySet<string> = new Set(columns);
const numbersFrom = 2;
const numbersTo = numbersFrom + columns.length;

const colours = { red: '\x1b[31m', dim: '\x1b[2m', end: '\x1b[0m' } as const;

type Colour = 'red' | 'dim';

/** @param colour whether the table goes to a terminal */
export function tableText(rows: readonly Row[], colour: boolean): string {
  const lines = [[...head], ...rows.map(cells)];
  const widths = head.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)));
  const texts = lines.map(line => line.map((cell, column) => padded(cell, column, widths[column] ?? 0)).join('  '));
  const rule = widths.map(width => '─'.repeat(width)).join('  ');
  const paint = (name: Colour, text: string): string => (colour ? `${colours[name]}${text}${colours.end}` : text);
  const body = rows.map((row, at) => {
    const text = (texts[at + 1] ?? '').trimEnd();
    return row.missed.length > 0 ? paint('red', text) : isJudged(row.bound) ? text : paint('dim', text);
  });
  return [(texts[0] ?? '').trimEnd(), rule, ...body, '', ...notes(rows, paint)].join('\n');
}

function padded(cell: string, column: number, width: number): string {
  return column >= numbersFrom && column < numbersTo ? cell.padStart(width) : cell.padEnd(width);
}

function cells(row: Row): string[] {
  const { fault, who, figures } = row;
  const numbers = columns.map(name => figureText(figures?.[name]));
  return [fault, who, ...numbers, verdict(row)];
}

function verdict({ failure, skipped, bound, missed }: Row): string {
  if (skipped !== undefined) return 'skipped';
  if (!isJudged(bound)) return failure === undefined ? '–' : 'failed';
  return missed.length > 0 ? 'MISSED' : 'ok';
}

/** What does not fit the columns: a row's own figures, its bound, and how it was missed. */
function notes(rows: readonly Row[], paint: (name: Colour, text: string) => string): string[] {
  return rows.flatMap(({ fault, who, figures, failure, skipped, missed, bound }) => {
    const more = Object.entries(figures ?? {}).filter(([name, figure]) => !known.has(name) && figure !== undefined);
    const parts = [
      ...(isJudged(bound) ? [`bound: ${boundText(bound)}`] : []),
      ...more.map(([name, figure]) => `${name} ${figureText(figure)}`),
      ...(skipped === undefined ? [] : [`skipped: ${skipped}`]),
      ...(failure === undefined ? [] : [`failed: ${failure}`]),
    ];
    const title = who === 'ours' ? fault : `${fault}, ${who}`;
    const note = parts.length > 0 ? [paint('dim', `  ${title}: ${parts.join('; ')}`)] : [];
    return missed.length > 0 ? [...note, paint('red', `    MISSED: ${missed.join(', ')}`)] : note;
  });
}

function boundText(bound: Row['bound']): string {
  const none = Object.keys(bound).filter(name => bound[name] === 0);
  const some = Object.keys(bound).filter(name => bound[name] !== 0);
  const parts = some.map(name => `${name} ≤ ${figureText(bound[name])}`);
  return [...(none.length > 0 ? [`${none.join(' ')} 0`] : []), ...parts].join(', ');
}

function figureText(figure: number | undefined): string {
  if (figure === undefined) return '–';
  const digits = Math.abs(figure) >= 100 || Number.isInteger(figure) ? 0 : 1;
  return figure.toLocaleString('en-US', { maximumFractionDigits: digits });
}
