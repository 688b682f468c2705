// ed-qio on: prints the events of a path.

import { TimeoutError } from '../../lib/base/errors.ts';
import type { QioClient } from '../../lib/protocol/qio/client.ts';
import { exitCodes, milliseconds, wholeNumber } from '../command-line.ts';
import type { ClientGiven } from './connect.ts';
import { clientFor, opened, readJson, refusal, show, within } from './connect.ts';

export interface Given extends ClientGiven {
  readonly path: string | undefined;
  readonly data: string | undefined;
  readonly count: string | undefined;
  readonly json: boolean;
}

interface Wish {
  readonly path: string;
  readonly data: unknown;
  readonly count: number;
  readonly json: boolean;
}

export async function on(given: Given): Promise<number> {
  const { path = '', count, json, trace } = given;
  const wish: Wish = {
    path,
    data: readJson(given.data),
    count: count === undefined ? Number.POSITIVE_INFINITY : wholeNumber('count', count, 1),
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
