// ed-qio send: sends one event.

import { TimeoutError } from '../../lib/base/errors.ts';
import { QioError } from '../../lib/protocol/qio/client.ts';
import { exitCodes, milliseconds } from '../command-line.ts';
import type { ClientGiven } from './connect.ts';
import { clientFor, opened, readJson, refusal, show, within } from './connect.ts';

export interface Given extends ClientGiven {
  readonly path: string | undefined;
  readonly data: string | undefined;
  readonly callback: boolean;
}

export async function send(given: Given): Promise<number> {
  const { path: wanted = '' } = given;
  const content = readJson(given.data);
  const timeout = milliseconds('timeout', given.timeout);
  const client = (await clientFor(given))();
  try {
    show(client, given.trace);
    await opened(client, timeout);
    if (!given.callback) client.send(wanted, content);
    // The server works in order: what it answers behind an event, it answers when it has that.
    const asked = given.callback ? client.request(wanted, content) : client.request('/qio/ping');
    const late = (): Error => new TimeoutError('REQUEST_TIMEOUT', `${wanted} was not answered within ${timeout} ms`);
    const answer = await within(timeout, asked, late);
    if (given.callback) process.stdout.write(`${JSON.stringify(answer)}\n`);
  } catch (error) {
    throw error instanceof QioError ? refusal(error.path, error.code, error.err_msg) : error;
  } finally {
    client.close();
  }
  return exitCodes.done;
}
