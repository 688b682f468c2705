#!/usr/bin/env node
// ed-message: talks to a service: a console on a terminal, and a filter in a pipe.

import { formatAddress, parseAddress } from '../lib/base/address.ts';
import { UsageError } from '../lib/base/errors.ts';
import type { Definitions } from '../lib/message/index.ts';
import { readDefinitions } from '../lib/message/index.ts';
import { streamTransport } from '../lib/transport/transports.ts';
import { commandLine, exitCodes, milliseconds, runProgram } from './command-line.ts';
import type { TlsGiven } from './tls-options.ts';
import { tlsOptions, transportsOf } from './tls-options.ts';

const program = {
  name: 'ed-message',
  summary: 'Talk to a service: a console on a terminal; in a pipe, a message a line, and the answers.',
  bare: { name: 'address', describe: 'host:port, tcp://…, tls://…, unix:/path, unix:@name, ws://…, wss://…' },
  options: {
    address: { alias: 'a', type: 'string', describe: 'The same as the bare word' },
    definitions: { alias: 'd', type: 'string', describe: 'A folder of <COMMAND>.conf: their parameters are completed' },
    history: { type: 'boolean', default: true, describe: 'Keep what is typed for the next time' },
    trace: { type: 'boolean', default: false, describe: 'Show what is sent too, and the time (.trace)' },
    wait: { alias: 'w', type: 'string', default: '500ms', describe: 'In a pipe, for answers after the last line' },
    ...tlsOptions,
  },
  examples: [
    ['$0 tcp://127.0.0.1:3001', 'A console; .help tells more, Tab completes'],
    ['echo HELP | $0 tcp://127.0.0.1:3001', 'Send one, print what comes back'],
    ['$0 unix:/run/svc.sock --wait 2 <messages.txt', 'A file of messages'],
  ],
  exits: [
    '0 done, 1 failed: not connected, a line that is no message, or one that the service refused',
    '(in a pipe; a line on the standard error says why), 2 wrong command line.',
  ],
} as const;

interface Given extends TlsGiven {
  readonly address?: string | undefined;
  readonly definitions?: string | undefined;
  readonly history: boolean;
  readonly trace: boolean;
  readonly wait: string;
}

async function main(): Promise<number> {
  const given: Given | undefined = await commandLine(program, process.argv.slice(2));
  if (given === undefined) return exitCodes.done;
  if (given.address === undefined) throw new UsageError('INVALID_VALUE', 'say whom to talk to: an address');
  const place = parseAddress(given.address, 'tcp');
  const wait = milliseconds('wait', given.wait);
  const transports = await transportsOf(place, given);
  await streamTransport(place, transports);
  const definitions = await definitionsOf(given.definitions);
  const address = formatAddress(place);
  if (process.stdin.isTTY !== true)
    return (await import('./ed-message/pipe.ts')).runPipe({ address, transports, wait });
  const { Console } = await import('./ed-message/console.ts');
  const { history, trace } = given;
  return new Console({ address, transports, definitions, history, trace }).run();
}

async function definitionsOf(folder: string | undefined): Promise<Definitions | undefined> {
  return folder === undefined ? undefined : readDefinitions(folder);
}

await runProgram(program.name, main);
