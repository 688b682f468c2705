// The well-behaved connection amid the noise: counts its messages both ways, and asks whether anybody is there.

import type { Channel, PermanentClient, Transport } from '../../../lib/index.ts';
import { Communicator, Dispatcher, Message } from '../../../lib/index.ts';
import { tcp } from '../../../lib/transport/tcp/index.ts';

export interface SentinelFigures {
  readonly sent: number;
  readonly noted: number;
  readonly notedTwice: number;
  readonly notedOutOfOrder: number;
  readonly pings: number;
  readonly slowestPing: number;
  readonly links: number;
  readonly failures: readonly string[];
}

const beat = 20;
const perBeat = 4;

export class Sentinel {
  /** The public half of its session's name: what a thief could know. */
  id = '0000000000000000';
  readonly #word: string;
  readonly #communicator: Communicator;
  readonly #client: PermanentClient;
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;
  #last = 0;
  #counts = { noted: 0, notedTwice: 0, notedOutOfOrder: 0, pings: 0, slowestPing: 0, links: 0 };
  readonly #failures: string[] = [];

  /** @param word marks its messages for the daemon */
  constructor(address: string, word: string) {
    this.#word = word;
    this.#communicator = new Communicator({ transports: { tcp: overheard(tcp(), this) } });
    const dispatcher = new Dispatcher().on('NOTED', message => this.#noted(message.integer('n'))).otherwiseUnknown();
    this.#client = this.#communicator.permanent(address, { dispatcher });
    this.#client.on('open', () => {
      this.#counts.links += 1;
    });
    this.#client.on('lost', reason => this.#failures.push(`link lost: ${reason.message}`));
  }

  async open(): Promise<void> {
    await this.ping(5_000);
    this.#timer = setInterval(() => this.#beat(), beat);
  }

  get figures(): SentinelFigures {
    return { sent: this.#sent, ...this.#counts, failures: this.#failures };
  }

  /** Whether all that was sent is confirmed and noted. */
  get settled(): boolean {
    return this.#client.unfinished.messages === 0 && this.#counts.noted >= this.#sent;
  }

  async ping(timeout: number): Promise<void> {
    const start = performance.now();
    try {
      await this.#client.request('PING', { timeout });
      this.#counts.pings += 1;
    } catch (error) {
      this.#failures.push(`no answer to PING: ${(error as Error).message}`);
    }
    this.#counts.slowestPing = Math.max(this.#counts.slowestPing, performance.now() - start);
  }

  rest(): void {
    clearInterval(this.#timer);
  }

  async close(): Promise<void> {
    this.rest();
    await this.#communicator.stop(1_000);
  }

  #beat(): void {
    for (let left = perBeat; left > 0; left -= 1) {
      this.#client.send(Message.of('COUNT', { n: this.#sent + 1, word: this.#word }));
      this.#sent += 1;
    }
  }

  #noted(number: number): void {
    this.#counts.noted += 1;
    if (number <= this.#last) this.#counts.notedTwice += 1;
    else if (number !== this.#last + 1) this.#counts.notedOutOfOrder += 1;
    this.#last = Math.max(this.#last, number);
  }
}

/** The transport, with an ear for the session's name. */
function overheard(transport: Transport, listener: { id: string }): Transport {
  return {
    listen: (address, events) => transport.listen(address, events),
    async dial(address, signal): Promise<Channel> {
      const channel = await transport.dial(address, signal);
      const send = channel.send.bind(channel);
      channel.send = bytes => {
        const [, id] = /_session=(\w{16})/.exec(bytes.toString('latin1')) ?? [];
        listener.id = id ?? listener.id;
        return send(bytes);
      };
      return channel;
    },
  };
}
