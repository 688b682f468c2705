// What ed-top shows of a broker, as lines of text: pure, so that it can be tested without a terminal.

import { stripVTControlCharacters, styleText } from 'node:util';
import type { BrokerStatus, ServiceRow } from '../../lib/broker/index.ts';

/** Two looks at the same broker, so that there are rates. */
export interface Looks {
  readonly now: BrokerStatus;
  readonly before: BrokerStatus | undefined;
  /** Milliseconds between them. */
  readonly between: number;
}

export interface ServiceView {
  readonly name: string;
  readonly status: string;
  readonly processes: number;
  readonly waiting: number;
  readonly underWay: number;
  readonly bytes: number;
  /** Messages a second that came for it, and that it has handled. */
  readonly came: number;
  readonly handled: number;
  readonly failed: number;
  readonly wrong: readonly string[];
}

export interface View {
  readonly server: string;
  readonly uptime: number;
  readonly load: number;
  readonly memory: number;
  readonly connections: number;
  readonly rates: { readonly forwarded: number; readonly remote: number; readonly broadcast: number };
  readonly cluster: BrokerStatus['cluster'];
  readonly services: readonly ServiceView[];
  /** Everything that is wrong, in words; the worst first. */
  readonly wrong: readonly string[];
}

/** Of the messages that a service or the broker may hold, so much is a reason to look. */
const many = 1_000;

export function viewOf({ now, before, between }: Looks): View {
  const same = before?.life === now.life ? before : undefined;
  const rate = (present: number, past: number | undefined): number =>
    past === undefined || between <= 0 ? 0 : Math.max(0, Math.round(((present - past) * 1000) / between));
  const old = new Map(same?.services.map(one => [one.name, one]));
  const services = now.services.map(one => serviceView(one, old.get(one.name), rate));
  const { routes, broadcasts } = now;
  const rates = {
    forwarded: rate(routes.forwarded, same?.routes.forwarded),
    remote: rate(routes.remote, same?.routes.remote),
    broadcast: rate(broadcasts.copies, same?.broadcasts.copies),
  };
  const { server, uptime, load, memory, connections, cluster } = now;
  const wrong = [...troubles(now, same), ...services.flatMap(one => one.wrong.map(text => `${one.name}: ${text}`))];
  return { server, uptime, load, memory, connections, rates, cluster, services: [...services].sort(byNeed), wrong };
}

type Rate = (present: number, past: number | undefined) => number;

function serviceView(row: ServiceRow, old: ServiceRow | undefined, rate: Rate): ServiceView {
  const { name, status, waiting, underWay, bytes, counts, processes, members } = row;
  const failed = counts.failed - (old?.counts.failed ?? counts.failed);
  const wrong: string[] = [];
  if (status === 'down') wrong.push(waiting > 0 ? `down, and ${waiting} messages wait` : 'down');
  else if (waiting >= many) wrong.push(`slow: ${waiting} messages wait`);
  if (members.some(({ state }) => state === 'away')) wrong.push('a process has lost its link');
  if (failed > 0) wrong.push(`${failed} messages failed`);
  return {
    name,
    status,
    processes,
    waiting,
    underWay,
    bytes,
    came: rate(counts.taken, old?.counts.taken),
    handled: rate(counts.handled, old?.counts.handled),
    failed: counts.failed,
    wrong,
  };
}

function troubles({ store, cluster, routes }: BrokerStatus, old: BrokerStatus | undefined): string[] {
  const found: string[] = [];
  if (store.trouble !== undefined) found.push(`store: ${store.trouble}`);
  if (cluster.state !== 'alone' && cluster.state !== 'up') found.push(`cluster: ${cluster.state}`);
  if (cluster.trouble !== undefined) found.push(`cluster: ${cluster.trouble}`);
  if (!cluster.complete) found.push(`cluster: ${cluster.live} of ${cluster.computers} computers are there`);
  const unknown = routes.unknown - (old?.routes.unknown ?? routes.unknown);
  if (unknown > 0) found.push(`${unknown} messages to services that nobody knows`);
  return found;
}

/** What needs somebody comes first, then what has most to do, then by name. */
function byNeed(a: ServiceView, b: ServiceView): number {
  const need = ({ wrong, waiting, underWay }: ServiceView): number => (wrong.length > 0 ? 1e9 : 0) + waiting + underWay;
  return need(b) - need(a) || (a.name < b.name ? -1 : 1);
}

/** The view as lines that fit the screen. */
export function draw(view: View, { columns, rows }: { readonly columns: number; readonly rows: number }): string[] {
  const { server, uptime, load, memory, connections, rates, cluster } = view;
  const wide = Math.max(8, Math.min(32, columns - 62));
  const head = [
    styleText(
      'bold',
      `${server}   up ${duration(uptime)}   load ${load.toFixed(2)}   ${size(memory)}   ${connections} ${connections === 1 ? 'link' : 'links'}`,
    ),
    `forwarded ${rates.forwarded}/s   to others ${rates.remote}/s   broadcast ${rates.broadcast}/s   cluster ${clusterWords(cluster)}`,
    '',
    styleText(
      'inverse',
      row(['SERVICE', 'STATUS', 'PROC', 'WAIT', 'WAY', 'BYTES', 'IN/S', 'DONE/S', 'FAILED'], wide).padEnd(columns),
    ),
  ];
  const troubles = view.wrong.slice(0, Math.max(1, Math.floor(rows / 4))).map(text => styleText('red', `! ${text}`));
  const foot = ['', ...(troubles.length > 0 ? troubles : [styleText('green', 'all is well')]), 'q quit'];
  const room = Math.max(0, rows - head.length - foot.length);
  const shown = view.services.slice(0, room);
  const left = view.services.length - shown.length;
  const lines = shown.map(one => {
    const { name, status, processes, waiting, underWay, bytes, came, handled, failed, wrong } = one;
    const text = row([name, status, processes, waiting, underWay, size(bytes), came, handled, failed], wide);
    return wrong.length > 0 ? styleText(status === 'down' ? 'red' : 'yellow', text) : text;
  });
  if (view.services.length === 0) lines.push('no service has registered');
  if (left > 0 && lines.length > 0) lines[lines.length - 1] = `… and ${left + 1} more`;
  return [...head, ...lines, ...foot].map(line => cut(line, columns));
}

function row([name, ...others]: readonly (string | number)[], wide: number): string {
  const widths = [8, 5, 7, 6, 8, 7, 7, 7];
  const cells = others.map((cell, at) => String(cell).padStart(widths[at] ?? 8));
  return `${String(name).slice(0, wide).padEnd(wide)}${cells.join('')}`;
}

function cut(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= columns ? line : plain.slice(0, columns);
}

function clusterWords({ state, live, computers, status }: BrokerStatus['cluster']): string {
  return state === 'alone' ? 'none' : `${status} (${state}), ${live} of ${computers}`;
}

function size(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  return bytes < 1_048_576 ? `${Math.round(bytes / 1_024)} K` : `${Math.round(bytes / 1_048_576)} M`;
}

function duration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
