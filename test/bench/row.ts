// One line of the table: what was measured, our figure, the other's, and the bound between them.

/** How a bench is to be run. */
export interface Plan {
  readonly rounds: number;
  /** One short round. */
  readonly quick: boolean;
  readonly progress: (text: string) => void;
}

/** The figures of the rounds, in their order. */
export interface Rounds {
  readonly ours: readonly number[];
  readonly other: readonly number[];
}

/** Which figure is bound to what: `value` holds our own figure, `ratio` ours divided by the other's. */
export interface Bound {
  readonly on: 'value' | 'ratio';
  readonly is: 'at least' | 'at most';
  readonly limit: number;
}

export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  /** What the other is. */
  readonly against: string;
  readonly other: number;
  /** The median of the rounds' ratios, ours divided by other; undefined where the other is 0. */
  readonly ratio: number | undefined;
  readonly bound?: Bound;
  /** Undefined where there is no bound, or nothing to judge it by. */
  readonly met: boolean | undefined;
  readonly rounds: Rounds;
}

export function row(
  { what, unit, against, bound }: Pick<Row, 'what' | 'unit' | 'against' | 'bound'>,
  rounds: Rounds,
  ratios: readonly number[] = rounds.ours.map((value, round) => value / (rounds.other[round] ?? Number.NaN)),
): Row {
  const ours = median(rounds.ours);
  const other = median(rounds.other);
  const ratio = other === 0 ? undefined : median(ratios);
  const met = bound && isMet(bound, bound.on === 'value' ? ours : ratio);
  return { what, unit, ours, against, other, ratio, ...(bound && { bound }), met, rounds };
}

function isMet({ is, limit }: Bound, figure: number | undefined): boolean | undefined {
  if (figure === undefined || Number.isNaN(figure)) return undefined;
  return is === 'at least' ? figure >= limit : figure <= limit;
}

export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

export function tableText(rows: readonly Row[]): string {
  const head = ['what', 'ours', 'other', 'ratio', 'bound', 'met'];
  const lines = [head, ...rows.map(cells)];
  const widths = head.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)));
  const texts = lines.map(line => line.map((cell, column) => pad(cell, column, widths[column] ?? 0)).join('  '));
  const rule = widths.map(width => '─'.repeat(width)).join('  ');
  return [texts[0] ?? '', rule, ...texts.slice(1)].map(line => line.trimEnd()).join('\n');
}

function pad(cell: string, column: number, width: number): string {
  return column === 1 || column === 3 ? cell.padStart(width) : cell.padEnd(width);
}

function cells({ what, unit, ours, against, other, ratio, bound, met }: Row): string[] {
  return [
    what,
    `${figureText(ours)} ${unit}`,
    `${figureText(other)} ${unit} ${against}`,
    ratio === undefined ? '–' : ratio.toFixed(2),
    bound === undefined ? '–' : boundText(bound),
    met === undefined ? '–' : met ? 'yes' : 'NO',
  ];
}

function boundText({ on, is, limit }: Bound): string {
  return `${is === 'at least' ? '≥' : '≤'} ${figureText(limit)}${on === 'ratio' ? ' ×' : ''}`;
}

function figureText(figure: number): string {
  if (Number.isNaN(figure)) return '?';
  const digits = Math.abs(figure) >= 100 ? 0 : Math.abs(figure) >= 10 ? 1 : 2;
  return figure.toLocaleString('en-US', { maximumFractionDigits: digits });
}
