// `ed-link list`: the nodes of a controller, as a table.

import { printable } from '../../lib/logging/printable.ts';
import type { NodeRow } from '../../lib/protocol/link/index.ts';
import type { Place } from './control.ts';
import { ask, nodesOf } from './control.ts';
import { coloured, colours, fields, localTime, say, sayJson } from './show.ts';

export async function list(given: Place & { readonly timeout: string; readonly json: boolean }): Promise<void> {
  const nodes = await ask(given, nodesOf);
  if (given.json) sayJson(nodes, true);
  else if (nodes.length === 0) say(`no nodes at ${given.address}`);
  else for (const line of table(nodes)) say(line);
}

const heads = ['ID', 'NAME', 'STATE', 'SINCE', 'ADDRESS', 'DIALECT', ''];
const state = heads.indexOf('STATE');

function table(nodes: readonly NodeRow[]): string[] {
  const rows = nodes.map(node => {
    const { id, name, state, since, address, dialect, details } = node;
    return [String(id), name, state, localTime(new Date(since)), address, dialect, fields(details)].map(printable);
  });
  const widths = heads.map((_, at) => Math.max(...[heads, ...rows].map(row => row[at]?.length ?? 0)));
  const line = (row: readonly string[], colour: (cell: string, at: number) => string): string =>
    row
      .map((cell, at) => colour(cell.padEnd(widths[at] ?? 0), at))
      .join('  ')
      .trimEnd();
  const head = line(heads, cell => coloured('bold', cell));
  const rest = rows.map(row =>
    line(row, (cell, at) => (at === state ? coloured(colours[cell.trimEnd()] ?? 'red', cell) : cell)),
  );
  return [head, ...rest];
}
