// Without a terminal: each line of the input is sent, what comes back is printed, and a while after the last it is over.

import { createInterface } from 'node:readline';
import { NetworkError, reasonOf } from '../../lib/base/errors.ts';
import { Communicator } from '../../lib/communicator/index.ts';
import type { Client } from '../../lib/connection/index.ts';
import { Dispatcher } from '../../lib/dispatcher/index.ts';
import { silentLogger } from '../../lib/logging/index.ts';
import type { Message } from '../../lib/message/message.ts';
import { encode } from '../../lib/message/text.ts';
import type { StreamTransports } from '../../lib/transport/transports.ts';
import { exitCodes } from '../command-line.ts';
import { isRefusal, messageOf } from './words.ts';

export interface PipeOrder {
  readonly address: string;
  readonly transports: StreamTransports;
  /** For answers after the last line, in ms. */
  readonly wait: number;
}

/** @returns 1 where a line was no message, or the service refused one. @throws NetworkError */
export async function runPipe({ address, transports, wait }: PipeOrder): Promise<number> {
  const communicator = new Communicator({ logger: silentLogger, transports });
  let code: number = exitCodes.done;
  const dispatcher = new Dispatcher().otherwise(message => {
    if (isRefusal(message)) code = exitCodes.failed;
    process.stdout.write(`${encode(message)}\n`);
  });
  const client = communicator.connect(address, { dispatcher });
  const closed = new Promise<Error | undefined>(resolve => void client.on('close', resolve));
  const opened = new Promise<'opened'>(resolve => void client.on('open', () => resolve('opened')));
  const lines = new Lines(client);
  try {
    const first = await Promise.race([opened, closed]);
    if (first !== 'opened') throw first ?? new NetworkError('CLOSED', `${address} closed the connection`);
    const sent = lines.sendAll();
    await Promise.race([sent, closed]);
    // What the input has to say besides, after the other side has closed, it says soon.
    await Promise.race([pause(wait), client.state === 'open' ? closed : sent]);
    if (client.state !== 'open') checkEnd(await closed, lines.unsent + client.unfinished.messages);
    return lines.bad > 0 ? exitCodes.failed : code;
  } finally {
    process.stdin.destroy();
    await communicator.stop();
  }
}

/** The other side may close, once it has all. @throws NetworkError */
function checkEnd(reason: Error | undefined, unsent: number): void {
  if (reason?.cause !== undefined) throw reason;
  if (unsent > 0) throw new NetworkError('CLOSED', `${reason?.message}, and ${unsent} messages were not sent`);
}

class Lines {
  readonly #client: Client;
  /** Lines that are no message. */
  bad = 0;
  /** Messages that came too late. */
  unsent = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  async sendAll(): Promise<void> {
    let at = 0;
    for await (const line of createInterface({ input: process.stdin, terminal: false })) {
      at += 1;
      try {
        const message = messageOf(line);
        if (message !== undefined) await this.#send(message);
      } catch (error) {
        this.bad += 1;
        process.stderr.write(`ed-message: line ${at}: ${reasonOf(error)}\n`);
      }
    }
  }

  async #send(message: Message): Promise<void> {
    if (this.#client.state !== 'open') this.unsent += 1;
    else if (this.#client.send(message) === 'queued') await drained(this.#client);
  }
}

function drained(client: Client): Promise<void> {
  return new Promise(resolve => {
    client.once('drain', resolve);
    client.once('close', () => resolve());
  });
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}
