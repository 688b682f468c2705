#!/usr/bin/env node
// verify-definitions: reads message definitions, tells what is wrong in them, and compares them with a service.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { styleText } from 'node:util';
import { parseAddress } from '../lib/base/address.ts';
import { reasonOf, TimeoutError, UsageError } from '../lib/base/errors.ts';
import { Communicator } from '../lib/communicator/index.ts';
import { Dispatcher } from '../lib/dispatcher/index.ts';
import { silentLogger } from '../lib/logging/index.ts';
import type { ConfProblem } from '../lib/message/index.ts';
import { parseConf } from '../lib/message/index.ts';
import { commandLine, exitCodes, milliseconds, runProgram } from './command-line.ts';
import type { TlsGiven } from './tls-options.ts';
import { tlsOptions, transportsOf } from './tls-options.ts';

const program = {
  name: 'verify-definitions',
  summary: 'Check message definitions (<COMMAND>.conf), and compare them with what a service knows.',
  bare: { name: 'path', describe: 'The same as --path' },
  options: {
    path: { type: 'string', array: true, describe: 'A file or a folder with files; may be repeated' },
    against: {
      alias: 'a',
      type: 'string',
      describe: 'Address of a running service (tcp://host:port, tls://…, unix:/path), asked with HELP',
    },
    timeout: { type: 'string', default: '5', describe: 'Longest wait for the service, in seconds (or 500ms)' },
    strict: { type: 'boolean', default: false, describe: 'Warnings count as errors' },
    verbose: { alias: 'v', type: 'boolean', default: false, describe: 'Name each file' },
    json: { type: 'boolean', default: false, describe: 'One JSON object for all' },
    ...tlsOptions,
  },
  examples: [
    ['$0 messages/', 'Check all files of a folder'],
    ['$0 messages/EVENT.conf --strict', 'Check one; what the C++ library would pass over is an error'],
    ['$0 messages/ --against tcp://127.0.0.1:3001', 'Which commands have no definition, and the reverse'],
  ],
} as const;

interface Found extends ConfProblem {
  readonly file: string;
}

interface Comparison {
  readonly service: string;
  /** Commands of the service without a definition. */
  readonly undefined: readonly string[];
  /** Definitions whose commands the service does not know. */
  readonly unknown: readonly string[];
}

async function main(): Promise<number> {
  const given = await commandLine(program, process.argv.slice(2));
  if (given === undefined) return exitCodes.done;
  const paths = [given.path ?? []].flat();
  if (paths.length === 0) throw new UsageError('INVALID_VALUE', 'there is no --path to read');
  const files = paths.flatMap(filesOf);
  const problems = files.flatMap(file => problemsOf(file, given.verbose && !given.json));
  const comparison = given.against === undefined ? undefined : await compare(files, given.against, given);
  const bad = problems.filter(({ severity }) => given.strict || severity === 'error').length;
  if (given.json) process.stdout.write(`${JSON.stringify({ files: files.length, problems, comparison })}\n`);
  else show(files.length, problems, comparison);
  const differs = comparison !== undefined && comparison.undefined.length + comparison.unknown.length > 0;
  return bad > 0 || differs ? exitCodes.failed : exitCodes.done;
}

/** @throws UsageError INVALID_VALUE */
function filesOf(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const files = readdirSync(path).filter(name => name.endsWith('.conf'));
    if (files.length === 0) throw new Error('it holds no .conf files');
    return files.sort().map(name => join(path, name));
  } catch (error) {
    throw new UsageError('INVALID_VALUE', `cannot read ${path}: ${reasonOf(error)}`);
  }
}

function problemsOf(file: string, verbose: boolean): Found[] {
  if (verbose) process.stdout.write(`${file}\n`);
  return parseConf(basename(file, '.conf'), readText(file)).problems.map(problem => ({ file, ...problem }));
}

/** @throws UsageError INVALID_VALUE */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError('INVALID_VALUE', `cannot read ${file}: ${reasonOf(error)}`);
  }
}

type Asking = TlsGiven & { readonly timeout: string };

async function compare(files: readonly string[], service: string, asking: Asking): Promise<Comparison> {
  const known = await commandsOf(service, asking);
  const defined = files.map(file => basename(file, '.conf'));
  return {
    service,
    undefined: known.filter(command => !defined.includes(command)),
    unknown: defined.filter(command => !known.includes(command)),
  };
}

/** What a service answers to HELP. @throws NetworkError, TimeoutError REQUEST_TIMEOUT */
async function commandsOf(service: string, asking: Asking): Promise<readonly string[]> {
  const timeout = milliseconds('timeout', asking.timeout);
  const transports = await transportsOf(parseAddress(service, 'tcp'), asking);
  const communicator = new Communicator({ logger: silentLogger, transports });
  const list = new Promise<string>((resolve, reject) => {
    const dispatcher = new Dispatcher()
      .on('COMMANDS', message => resolve(message.string('list')))
      .otherwise(() => undefined);
    const client = communicator.connect(service, { dispatcher });
    client.on('close', reason => reject(reason ?? new Error(`${service} closed the connection`)));
    client.send('HELP');
    const late = (): void => reject(new TimeoutError('REQUEST_TIMEOUT', `${service} did not answer HELP`));
    communicator.timer({ after: timeout }, late);
  });
  try {
    return (await list).split(',').filter(command => command !== '');
  } finally {
    communicator.stop();
  }
}

function show(files: number, problems: readonly Found[], comparison: Comparison | undefined): void {
  const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  for (const { file, line, severity, text } of problems) {
    const word = colour ? styleText(severity === 'error' ? 'red' : 'yellow', severity) : severity;
    process.stdout.write(`${file}:${line}: ${word}: ${text}\n`);
  }
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  process.stdout.write(`${files} files, ${errors} errors, ${problems.length - errors} warnings\n`);
  for (const command of comparison?.undefined ?? []) {
    process.stdout.write(`${command}: ${comparison?.service} knows it, and there is no definition\n`);
  }
  for (const command of comparison?.unknown ?? []) {
    process.stdout.write(`${command}: there is a definition, and ${comparison?.service} does not know it\n`);
  }
}

await runProgram(program.name, main);
