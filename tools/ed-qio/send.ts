// ed-qio send: sends one event.

import { TimeoutError } from '../../lib/base/errors.ts';
import { QioError } from '../../lib/protocol/qio/client.ts';
import { commandLine, exitCodes, milliseconds } from '../command-line.ts';
import { clientFor, clientOptions, opened, readJson, readPath, refusal, show, urlWord, within } from './connect.ts';

const path = { type: 'string', describe: 'The path to send to' } as const;
const data = { type: 'string', describe: 'Its data, as JSON (default null)' } as const;

const program = {
  name: 'ed-qio send',
  summary: 'Send one event to a path, and see it arrive.',
  bare: [urlWord, { name: 'path', describe: path.describe }, { name: 'data', describe: data.describe }],
  options: {
    ...clientOptions,
    path,
    data,
    callback: { type: 'boolean', default: false, describe: 'Ask for an answer, and print its data as JSON' },
  },
  examples: [
    ['$0 ws://127.0.0.1:55440/ /clienttest/echo \'{"a":1}\' --callback', 'Print the answer'],
    ['$0 ws://127.0.0.1:55440/ /chat/say --data \'"hello"\'', 'Send a text'],
  ],
} as const;

export async function send(words: readonly string[]): Promise<number> {
  const given = await commandLine(program, words);
  if (given === undefined) return exitCodes.done;
  const wanted = readPath(given.path);
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
