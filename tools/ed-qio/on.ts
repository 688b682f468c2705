// ed-qio on: prints the events of a path.

import { TimeoutError } from '../../lib/base/errors.ts';
import type { QioClient } from '../../lib/protocol/qio/client.ts';
import { commandLine, exitCodes, milliseconds } from '../command-line.ts';
import {
  clientFor,
  clientOptions,
  opened,
  readJson,
  readNumber,
  readPath,
  refusal,
  show,
  urlWord,
  within,
} from './connect.ts';

const path = { type: 'string', describe: 'The path to listen to' } as const;

const program = {
  name: 'ed-qio on',
  summary: 'Print the data of each event of a path, as JSON, a line each; come back when the connection is lost.',
  bare: [urlWord, { name: 'path', describe: path.describe }],
  options: {
    ...clientOptions,
    path,
    data: { type: 'string', describe: 'JSON that goes with the subscription' },
    count: { type: 'string', describe: 'End after so many events' },
    json: { type: 'boolean', default: false, describe: 'Print path and data, as one JSON object a line' },
  },
  examples: [
    ['$0 ws://127.0.0.1:55440/ /clienttest/broadcast --count 3', 'Print three events'],
    ['$0 ws://127.0.0.1:55440/ /clienttest/on-data --data 123987 --json', 'Say something with the subscription'],
  ],
} as const;

interface Wish {
  readonly path: string;
  readonly data: unknown;
  readonly count: number;
  readonly json: boolean;
}

export async function on(words: readonly string[]): Promise<number> {
  const given = await commandLine(program, words);
  if (given === undefined) return exitCodes.done;
  const { count, json, trace } = given;
  const wish: Wish = {
    path: readPath(given.path),
    data: readJson(given.data),
    count: count === undefined ? Number.POSITIVE_INFINITY : readNumber('count', count, 1, Number.MAX_SAFE_INTEGER),
    json,
  };
  const timeout = milliseconds('timeout', given.timeout);
  const client = (await clientFor(given))();
  try {
    show(client, trace);
    await opened(client, timeout);
    if (!trace) client.on('/close', ({ reason }) => process.stderr.write(`${reason}; coming back\n`));
    await printed(client, wish, timeout);
  } finally {
    client.off('/close').close();
  }
  return exitCodes.done;
}

/** Until there were enough, or nobody reads them any more. */
async function printed(client: QioClient, { path: wanted, data, count, json }: Wish, timeout: number): Promise<void> {
  let left = count;
  let accept: () => void = () => undefined;
  const accepted = new Promise<void>(resolve => {
    accept = resolve;
  });
  const done = new Promise<void>((resolve, reject) => {
    const print = (event: unknown): void => {
      if (left > 0) process.stdout.write(`${JSON.stringify(json ? { path: wanted, data: event } : event)}\n`);
      left -= 1;
      if (left <= 0) resolve();
    };
    const error = (code: number, errMsg: string | null): void => reject(refusal(wanted, code, errMsg));
    process.stdout.once('error', () => resolve());
    client.on(wanted, print, { data, error, accepted: accept });
  });
  const late = (): Error => new TimeoutError('REQUEST_TIMEOUT', `${wanted} was not accepted within ${timeout} ms`);
  await within(timeout, Promise.race([accepted, done]), late);
  await done;
}
