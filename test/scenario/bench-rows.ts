// The rows of a bench, in its short form.

import type { Test } from 'tap';
import { start } from '../support/programs.ts';

export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly against: string;
  readonly ours: number;
  readonly other: number;
  readonly bound?: { readonly on: string; readonly is: string; readonly limit: number };
}

/** The rows of one bench, as it prints them for programs. */
export async function rowsOf(t: Test, bench: string): Promise<Row[]> {
  const program = start(t, 'test/bench/bench', [bench, '--quick', '--json']);
  const { code } = await program.ended;
  t.equal(code, 0, program.err);
  const { rows } = JSON.parse(program.out) as { rows: Row[] };
  for (const { what, against, ours, other } of rows) {
    for (const figure of [ours, other]) t.ok(Number.isFinite(figure), `${what}, against ${against}: ${figure}`);
  }
  return rows;
}
