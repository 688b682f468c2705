#!/usr/bin/env node
// ed-stop: ends a service, with a message first, then with signals, and tells which of them it took.

import { hostname } from 'node:os';
import type { Address } from '../lib/base/address.ts';
import { parseAddress } from '../lib/base/address.ts';
import { UsageError } from '../lib/base/errors.ts';
import { printable } from '../lib/logging/printable.ts';
import { Message } from '../lib/message/message.ts';
import { nameOfHost } from '../lib/message/names.ts';
import { commandLine, exitCodes, milliseconds, runProgram } from './command-line.ts';
import type { Outcome, Plan, Progress, Step } from './ed-stop/ladder.ts';
import { descend } from './ed-stop/ladder.ts';
import type { Target } from './ed-stop/process.ts';
import { targetOfFile, targetOfService } from './ed-stop/process.ts';
import type { TlsGiven } from './tls-options.ts';
import { tlsOptions, transportsOf } from './tls-options.ts';

const program = {
  name: 'ed-stop',
  summary: 'End a service: a message first, then SIGTERM, then SIGKILL, each with its deadline.',
  bare: { name: 'service', describe: 'The same as --service' },
  options: {
    service: { alias: 's', type: 'string', describe: 'A pid, or the name of a systemd unit' },
    'pid-file': { alias: 'p', type: 'string', describe: 'A file with the pid' },
    address: {
      alias: 'a',
      type: 'string',
      describe: 'Where the service takes the message: tcp://…, tls://…, unix:/path, ws://…, udp://…',
    },
    message: { alias: 'm', type: 'string', default: 'STOP', describe: 'The command that asks it to end' },
    'secret-code': { alias: 'c', type: 'string', describe: 'Adds parameter secret_code' },
    soft: { type: 'string', default: '60', describe: 'Wait after the message, in seconds (or 500ms); 0: no message' },
    term: {
      type: 'string',
      describe: 'Wait after SIGTERM, in seconds; 0: leave it out [default: 10 after a message, 60 without]',
    },
    kill: { type: 'string', default: '5', describe: 'Wait after SIGKILL, in seconds; 0: leave it out' },
    json: { alias: 'j', type: 'boolean', default: false, describe: 'One JSON object for all' },
    ...tlsOptions,
  },
  examples: [
    ['$0 --address tcp://127.0.0.1:3001 4711', 'Ask it, then be firm with process 4711'],
    ['$0 my.service --kill 0', 'A systemd unit; it is never killed'],
    ['$0 -a unix:/run/svc.sock -p /run/svc.pid', 'By its socket and its pid file'],
  ],
  exits: [
    '0 ended in good order (or did not run), 3 ended by SIGTERM, 4 ended by SIGKILL,',
    '1 still alive, or failed (one line on the standard error says why), 2 wrong command line.',
  ],
} as const;

const codes: { readonly [S in Step]: number } = { message: exitCodes.done, SIGTERM: 3, SIGKILL: 4 };
const words: { readonly [S in Step]: string } = {
  message: 'ended in good order',
  SIGTERM: 'ended by SIGTERM',
  SIGKILL: 'ended by SIGKILL',
};
/** After a message the process has had its time; without one, SIGTERM is what it ends in good order on. */
const termTimes = { after: '10', without: '60' };

interface Given extends TlsGiven {
  readonly service?: string | undefined;
  readonly 'pid-file'?: string | undefined;
  readonly address?: string | undefined;
  readonly message: string;
  readonly 'secret-code'?: string | undefined;
  readonly soft: string;
  readonly term?: string | undefined;
  readonly kill: string;
  readonly json: boolean;
}

async function main(): Promise<number> {
  const given: Given | undefined = await commandLine(program, process.argv.slice(2));
  if (given === undefined) return exitCodes.done;
  const address = addressOf(given);
  const plan = await planOf(given, address);
  const target = await found(given);
  const name = nameOf(given, target);
  if (target === undefined && namesProcess(given)) return notRunning(given, name);
  const live = process.stderr.isTTY === true ? new LiveLine(name, given.message) : undefined;
  const outcome = await descend({ ...plan, target }, live?.progress ?? (() => undefined)).finally(() => live?.clear());
  if (given.json) sayJson(name, target, outcome);
  else say(name, target, given.message, outcome);
  return outcome.by === undefined ? exitCodes.failed : codes[outcome.by];
}

function namesProcess({ service, 'pid-file': file }: Pick<Given, 'service' | 'pid-file'>): boolean {
  return service !== undefined || file !== undefined;
}

/** @throws UsageError */
function addressOf({ address, service, 'pid-file': file }: Given): Address | undefined {
  if (service !== undefined && file !== undefined) {
    throw new UsageError('INVALID_VALUE', '--service and --pid-file name a process both: give one of them');
  }
  const found = address === undefined ? undefined : parseAddress(address, 'tcp');
  if (namesProcess({ service, 'pid-file': file })) return found;
  if (found === undefined)
    throw new UsageError('INVALID_VALUE', 'say what to stop: --service, --pid-file or --address');
  if (found.scheme !== 'udp') return found;
  throw new UsageError(
    'INVALID_VALUE',
    'with udp it cannot be seen when the service is gone: add --service or --pid-file',
  );
}

/** All but the process. @throws UsageError */
async function planOf(given: Given, address: Address | undefined): Promise<Omit<Plan, 'target'>> {
  const soft = milliseconds('soft', given.soft);
  const asks = address !== undefined && soft > 0;
  const times = {
    message: soft,
    SIGTERM: milliseconds('term', given.term ?? (asks ? termTimes.after : termTimes.without)),
    SIGKILL: milliseconds('kill', given.kill),
  };
  if (!asks && !(namesProcess(given) && times.SIGTERM + times.SIGKILL > 0)) {
    throw new UsageError('INVALID_VALUE', 'there is no step left: each was given no time');
  }
  const transports = address === undefined ? {} : await transportsOf(address, given);
  const from = { server: nameOfHost(hostname()), service: 'ed_stop' };
  const message = Message.of(given.message, { secret_code: given['secret-code'] }, { from });
  return { address, transports, message, times };
}

async function found({ service, 'pid-file': file }: Given): Promise<Target | undefined> {
  if (file !== undefined) return targetOfFile(file);
  return service === undefined ? undefined : targetOfService(service);
}

function nameOf({ service, 'pid-file': file, address }: Given, target: Target | undefined): string {
  const named = file ?? service ?? address ?? '';
  return printable(target === undefined || named === String(target.pid) ? named : `${named} (${target.pid})`);
}

function notRunning({ json }: Given, name: string): number {
  if (json) process.stdout.write(`${JSON.stringify({ service: name, outcome: 'not running' })}\n`);
  else process.stdout.write(`${name} is not running\n`);
  return exitCodes.done;
}

function say(name: string, target: Target | undefined, command: string, { by, time, refusal }: Outcome): void {
  const why = refusal === undefined ? '' : ` (${command} was of no use: ${printable(refusal)})`;
  if (by !== undefined) process.stdout.write(`${name} ${words[by]} after ${seconds(time)} s${why}\n`);
  else if (target === undefined && refusal !== undefined)
    process.stderr.write(`${program.name}: ${name}: ${printable(refusal)}\n`);
  else process.stderr.write(`${program.name}: ${name} is still alive after ${seconds(time)} s${why}\n`);
}

function sayJson(service: string, target: Target | undefined, { by, time, refusal }: Outcome): void {
  const outcome = by === undefined ? 'still alive' : words[by];
  process.stdout.write(
    `${JSON.stringify({ service, pid: target?.pid, outcome, seconds: Number(seconds(time)), refusal })}\n`,
  );
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

/** One line of a terminal, written again and again. */
class LiveLine {
  readonly #name: string;
  readonly #command: string;
  #shown = '';

  constructor(name: string, command: string) {
    this.#name = name;
    this.#command = command;
  }

  readonly progress: Progress = (step, waited, longest) => {
    const sent = step === 'message' ? this.#command : step;
    const line = `${this.#name}: ${sent} sent, ${Math.floor(waited / 1000)} of ${Math.ceil(longest / 1000)} s`;
    if (line === this.#shown) return;
    this.#shown = line;
    process.stderr.write(`\r\u001b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  };

  clear(): void {
    if (this.#shown !== '') process.stderr.write('\r\u001b[K');
  }
}

await runProgram(program.name, main);
