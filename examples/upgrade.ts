// A service is replaced under load, and nobody notices: no message is lost, none is handled twice.
//
//   parent     holds the socket, from before the first service until after the last
//   old        ready ────────────────────── SIGTERM ─ drains ─ ends
//   new                       started ─ ready ────────────────────────────────▶
//   clients    linked with old ──────────────┤ come back ├─ linked with new ──▶
//
// How clients get from the old one to the new: their links are closed, and they dial again; nobody else listens then but
// the new one. Their sessions were in the memory of the old one, and the new one does not know them. So each client
// learns that its session is lost, and sends again all that was not confirmed (`onSessionLost: 'resend'`, the default;
// with 'report' it would be told of each of them instead). A message can then be handled twice only where the old one
// had handled it and not said so. That is why its drain confirms all that it has handled before it closes a link; a
// service that is killed cannot do that, and messages of its last 100 ms may come twice.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { UsageError } from 'ed-communicator';
import { commandLine, exitCodes, runProgram } from '../tools/command-line.ts';
import type { Handled, Outcome } from './upgrade-count.ts';
import { countOf, outcomeOf } from './upgrade-count.ts';
import type { HeldSocket } from './upgrade-holder.ts';
import { holdTcp, startWith } from './upgrade-holder.ts';
import type { Measured } from './upgrade-load.ts';
import { Load } from './upgrade-load.ts';

const program = {
  name: 'upgrade',
  summary: 'Replaces a service under load, and counts what became of every message.',
  options: {
    clients: { type: 'string', default: '1000', describe: 'Permanent clients, 1 to 10000' },
    rate: { type: 'string', default: '5000', describe: 'Messages a second, of all together, 1 to 100000' },
    seconds: {
      type: 'string',
      default: '10',
      describe: 'How long, 1 to 3600, half of it before the upgrade and half behind it',
    },
  },
  examples: [['$0 --clients 100 --rate 500 --seconds 4', 'A small one']],
} as const;

/** A service, while it runs and after. */
interface Service {
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
  /** What it has handled. */
  readonly handled: Promise<Handled>;
  readonly ended: Promise<readonly [code: number | null, signal: string | null]>;
}

function start(socket: HeldSocket): Service {
  const child = startWith([socket], [fileURLToPath(new URL('./upgrade-service.js', import.meta.url))]);
  if (child.stdout === null) throw new Error('a service has no standard output');
  child.stderr?.pipe(process.stderr);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('a service ended too early');
    return value;
  };
  const ready = next().then(() => undefined);
  const handled = ready.then(next).then(line => JSON.parse(line) as Handled);
  // Whoever waits for its list hears of it; until then nobody does.
  handled.catch(() => undefined);
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  return { child, ready, handled, ended };
}

/** Asks it to drain; gives what it has handled, and how long it took in ms. */
async function end({ child, handled, ended }: Service): Promise<{ readonly handled: Handled; readonly time: number }> {
  const begin = performance.now();
  child.kill('SIGTERM');
  const [code, signal] = await ended;
  if (code !== 0) throw new Error(`a service ended with ${signal ?? `code ${code}`}`);
  return { handled: await handled, time: performance.now() - begin };
}

interface Upgrade {
  readonly outcome: Outcome;
  readonly measured: Measured;
  readonly old: Handled;
  readonly startTime: number;
  readonly drainTime: number;
}

async function upgrade(clients: number, rate: number, seconds: number, running: Set<Service>): Promise<Upgrade> {
  const socket = holdTcp('upgrade');
  const begin = (): Service => {
    const service = start(socket);
    running.add(service);
    return service;
  };
  const old = begin();
  await old.ready;
  const load = new Load(`tcp://127.0.0.1:${socket.port}`, clients);
  await load.connected();
  const over = new AbortController();
  const sending = load.send(rate, over.signal);
  const half = (seconds * 1_000) / 2;
  await sleep(half);
  const asked = performance.now();
  const replacement = begin();
  await replacement.ready;
  const startTime = performance.now() - asked;
  const first = await end(old);
  // The new service has its half for itself too, however long the change took.
  await sleep(half);
  over.abort();
  await sending;
  await load.finish();
  const second = await end(replacement);
  socket.close();
  const { measured } = load;
  const outcome = outcomeOf(measured.sent, [first.handled, second.handled]);
  return { outcome, measured, old: first.handled, startTime, drainTime: first.time };
}

function table({ outcome, measured, old, startTime, drainTime }: Upgrade): string {
  const sent = [...measured.sent.values()].reduce((sum, last) => sum + last, 0);
  const byOld = countOf(old);
  const ms = (time: number): string => `${Math.round(time)} ms`;
  const rows: readonly (readonly [string, string | number])[] = [
    ['messages sent', sent],
    ['handled by the old service', byOld],
    ['handled by the new service', outcome.handled - byOld],
    ['confirmed', measured.confirmed],
    ['lost', outcome.lost],
    ['duplicated', outcome.duplicated],
    ['reordered', outcome.reordered],
    ['links closed by the old service', measured.linksLost],
    ['sessions that the new one did not know', measured.sessionsLost],
    ['start of the new service', ms(startTime)],
    ['drain of the old service', ms(drainTime)],
    ['longest gap: a client without a link', ms(measured.withoutLink)],
    ['longest gap: nobody gets a confirmation', ms(measured.betweenConfirmations)],
    ['longest time from deliver to confirmed', ms(measured.untilConfirmed)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}

function whole(name: string, text: string, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= most) return value;
  throw new UsageError('OUT_OF_RANGE', `--${name} is ${text}, it must be 1 to ${most}`);
}

async function main(): Promise<number> {
  const options = await commandLine(program, process.argv.slice(2));
  if (options === undefined) return exitCodes.done;
  const clients = whole('clients', options.clients, 10_000);
  const rate = whole('rate', options.rate, 100_000);
  const seconds = whole('seconds', options.seconds, 3_600);
  const running = new Set<Service>();
  try {
    const done = await upgrade(clients, rate, seconds, running);
    process.stdout.write(table(done));
    const { lost, duplicated, reordered } = done.outcome;
    return lost + duplicated + reordered + done.measured.failed === 0 ? exitCodes.done : exitCodes.failed;
  } finally {
    for (const { child } of running) child.kill('SIGKILL');
  }
}

await runProgram(program.name, main);
