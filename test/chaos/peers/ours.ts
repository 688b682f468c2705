// Our own runtime: a permanent client and a listener.

import type { ClientOptions, ListenOptions } from '../../../lib/index.ts';
import { Communicator, Dispatcher, LimitError, Message, PermanentClient } from '../../../lib/index.ts';
import { randomOf } from '../stage/seed.ts';
import type { ConnectOptions, Line, ReceiveOptions, Wire } from './wire.ts';
import { Refused } from './wire.ts';

/** What sessions add; a runtime without them is measured without them. */
interface Session {
  deliver(message: Message): Promise<unknown>;
}
const hasSession = (client: object): client is Session => 'deliver' in client;

async function receive({ port, took, dead }: ReceiveOptions): Promise<number> {
  const dispatcher = new Dispatcher()
    .on('EVENT', message => took(message.integer('link'), message.integer('n')))
    .on('FLOOD', () => undefined)
    .on('PING', (message, peer) => peer.send(message.reply('PONG')));
  const limits = heartbeats(dead);
  const listener = new Communicator().listen(`tcp://127.0.0.1:${port}`, { dispatcher, ...limits } as ListenOptions);
  return Number(new URL(await listener.ready).port);
}

async function connect({ port, link, up, down, dead, onSessionLost }: ConnectOptions): Promise<Line> {
  const options = { ...heartbeats(dead), ...(onSessionLost && { outbox: { session: true, onSessionLost } }) };
  const given = sessions ? options : {};
  const client = new Communicator({ random: randomOf(`link ${link}`) }).permanent(
    `tcp://127.0.0.1:${port}`,
    given as ClientOptions,
  );
  client.on('open', up).on('lost', reason => down(reason.message));
  await new Promise<void>(resolve => void client.once('open', resolve));
  return new OurLine(client, link);
}

const sessions = 'deliver' in PermanentClient.prototype;

/** Silence of a third of it is broken by a question. */
function heartbeats(dead: number | undefined): object {
  return dead === undefined || !sessions ? {} : { limits: { ask: Math.round(dead / 3), dead } };
}

class OurLine implements Line {
  readonly #client: PermanentClient;
  readonly #link: number;

  constructor(client: PermanentClient, link: number) {
    this.#client = client;
    this.#link = link;
  }

  get reported(): number {
    const { dropped, expired, lost } = this.#client.snapshot();
    return count(dropped) + count(expired) + count(lost);
  }

  get waiting(): number {
    const { queued, unconfirmed } = this.#client.snapshot();
    return count(queued) + count(unconfirmed);
  }

  send(number: number, padding: string): void {
    try {
      this.#client.send(this.#event(number, padding));
    } catch (error) {
      throw error instanceof LimitError ? new Refused(error.message) : error;
    }
  }

  async deliver(number: number, padding: string): Promise<void> {
    const client: object = this.#client;
    if (!hasSession(client)) throw new Error('there is no session');
    await client.deliver(this.#event(number, padding));
  }

  async ask(): Promise<void> {
    await this.#client.request('PING');
  }

  #event(number: number, padding: string): Message {
    return Message.of('EVENT', { link: this.#link, n: number, text: padding });
  }
}

const count = (value: unknown): number => (typeof value === 'number' ? value : 0);

export const ours: Wire = { packages: [], receive, connect };
