// Our own runtime: a permanent client and a listener, with their defaults.

import type { PermanentClient } from '../../../lib/index.ts';
import { Communicator, Dispatcher, LimitError, Message } from '../../../lib/index.ts';
import { randomOf } from '../stage/seed.ts';
import type { ConnectOptions, Line, ReceiveOptions, Wire } from './wire.ts';
import { Refused } from './wire.ts';

async function receive({ port, took, dead }: ReceiveOptions): Promise<number> {
  const dispatcher = new Dispatcher()
    .on('EVENT', message => took(message.integer('link'), message.integer('n')))
    .on('FLOOD', () => undefined)
    .on('PING', (message, peer) => peer.send(message.reply('PONG')));
  const listener = new Communicator().listen(`tcp://127.0.0.1:${port}`, { dispatcher, limits: heartbeat(dead) });
  return Number(new URL(await listener.ready).port);
}

async function connect({ port, link, up, down, dead, onSessionLost }: ConnectOptions): Promise<Line> {
  const communicator = new Communicator({ random: randomOf(`link ${link}`) });
  const outbox = onSessionLost === undefined ? {} : { onSessionLost };
  const client = communicator.permanent(`tcp://127.0.0.1:${port}`, { outbox, limits: heartbeat(dead) });
  client.on('open', up).on('lost', reason => down(reason.message));
  await new Promise<void>(resolve => void client.once('open', resolve));
  return new OurLine(client, link);
}

/** How messages ended, as far as the table asks. */
interface Fates {
  readonly dropped: number;
  readonly expired: number;
  readonly lost: number;
}

/** A silence of a third of it is broken by a question. */
function heartbeat(dead: number | undefined): { ask?: number; dead?: number } {
  return dead === undefined ? {} : { ask: Math.round(dead / 3), dead };
}

class OurLine implements Line {
  readonly #client: PermanentClient;
  readonly #link: number;

  constructor(client: PermanentClient, link: number) {
    this.#client = client;
    this.#link = link;
  }

  get reported(): number {
    const { dropped, expired, lost } = this.#client.snapshot().fates as Fates;
    return dropped + expired + lost;
  }

  get waiting(): number {
    const { queued, unconfirmed } = this.#client.snapshot();
    return Number(queued) + Number(unconfirmed);
  }

  send(number: number, padding: string): void {
    try {
      this.#client.send(this.#event(number, padding));
    } catch (error) {
      throw error instanceof LimitError ? new Refused(error.message) : error;
    }
  }

  async deliver(number: number, padding: string): Promise<void> {
    await this.#client.deliver(this.#event(number, padding));
  }

  async ask(): Promise<void> {
    await this.#client.request('PING');
  }

  #event(number: number, padding: string): Message {
    return Message.of('EVENT', { link: this.#link, n: number, text: padding });
  }
}

export const ours: Wire = { packages: [], receive, connect };
