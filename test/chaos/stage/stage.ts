// A stage for one row: a receiver, a sender, and between them a proxy or nothing; and what became of the messages.

import { once } from 'node:events';
import net from 'node:net';
import { FaultProxy } from '../../../lib/testkit/index.ts';
import type { Figures } from '../fault.ts';
import { quantile } from '../fault.ts';
import type { WireName } from '../peers/wires.ts';
import { wires } from '../peers/wires.ts';
import type { ReceiverFigures, ReceiverOpening } from '../programs/receiver.ts';
import type { SenderFigures, SenderOpening, Sort } from '../programs/sender.ts';
import { Child, Foreign } from './child.ts';
import { pause, until } from './pace.ts';

export interface StageOptions {
  /** @default ours */
  readonly wire?: WireName | undefined;
  /** @default 1 */
  readonly links?: number | undefined;
  /** Whether there is a proxy between them. @default true */
  readonly proxied?: boolean | undefined;
  readonly receiver?: Omit<ReceiverOpening, 'port'> | undefined;
  readonly sender?: Omit<SenderOpening, 'port' | 'links'> | undefined;
}

/** From a fault's beginning to its end, by the clock of the system; endless until it ends. */
interface Span {
  readonly began: number;
  ended: number;
}

/** What nothing has arrived of for so long, in ms, does not arrive any more; longer than the longest pause. */
const givenUp = 7_000;
/** So long, in ms, may what waits take to arrive, as long as something arrives. */
const longestArrival = 90_000;

export class Stage {
  readonly #options: StageOptions;
  readonly #spans: Span[] = [];
  #receiver: Child;
  #broker: Foreign | undefined;
  #sender: Child | undefined;
  #proxy: FaultProxy | undefined;
  #port = 0;

  private constructor(options: StageOptions) {
    this.#options = options;
    this.#receiver = new Child('receiver', options.wire ?? 'ours');
  }

  /** Opens a stage, lets `act` play on it, and clears it away, whatever happened. */
  static async with<T>(options: StageOptions, act: (stage: Stage) => Promise<T>): Promise<T> {
    const stage = new Stage(options);
    try {
      await stage.#open();
      return await act(stage);
    } finally {
      await stage.#close();
    }
  }

  get proxy(): FaultProxy {
    if (this.#proxy === undefined) throw new Error('this stage has no proxy');
    return this.#proxy;
  }

  get sender(): Child {
    if (this.#sender === undefined) throw new Error('this stage is not open');
    return this.#sender;
  }

  /** Where the receiver listens. */
  get port(): number {
    return this.#port;
  }

  /** What the sender speaks with: the receiver, or the broker between them. */
  get peer(): Pick<Child, 'signal' | 'kill'> {
    return this.#broker ?? this.#receiver;
  }

  async #open(): Promise<void> {
    const { links = 1, proxied = true, receiver, sender, wire = 'ours' } = this.#options;
    if (wires[wire].broker !== undefined) this.#port = await freePort();
    await this.startBroker();
    this.#port = await this.#receiver.ask<number>('open', { ...receiver, port: this.#port });
    if (proxied) this.#proxy = await FaultProxy.open({ to: `tcp://127.0.0.1:${this.#port}` });
    const port = this.#proxy === undefined ? this.#port : Number(new URL(this.#proxy.address).port);
    this.#sender = new Child('sender', wire);
    await this.#sender.ask('open', { ...sender, port, links } satisfies SenderOpening);
  }

  async startBroker(): Promise<void> {
    const { broker } = wires[this.#options.wire ?? 'ours'];
    if (broker === undefined) return;
    this.#broker = new Foreign(broker.command, broker.words(this.#port));
    const listens = async (): Promise<boolean> => {
      const socket = net.connect(this.#port, '127.0.0.1');
      const heard = await Promise.race([
        once(socket, 'connect').then(() => true),
        once(socket, 'error').then(() => false),
      ]).catch(() => false);
      socket.destroy();
      return heard;
    };
    if (!(await until(listens, 5_000))) throw new Error(`${broker.command} does not listen`);
  }

  /** A new process where the killed one was. */
  async restart(): Promise<void> {
    const { receiver, wire = 'ours' } = this.#options;
    if (this.#broker !== undefined) return this.startBroker();
    this.#receiver = new Child('receiver', wire);
    await this.#receiver.ask('open', { ...receiver, port: this.#port });
  }

  go(perSecond: number, sort: Sort = {}): Promise<void> {
    return this.sender.ask('go', { ...sort, perSecond });
  }

  /** The memory of the sender rises from here. */
  mark(): Promise<void> {
    return this.sender.ask('mark');
  }

  /** A fault begins now. */
  begins(): void {
    this.#spans.push({ began: Date.now(), ended: Number.POSITIVE_INFINITY });
  }

  /** The last fault ends now. */
  ends(): void {
    const span = this.#spans.at(-1);
    if (span !== undefined) span.ended = Date.now();
  }

  /** The link is cut for so many ms. */
  async cut(milliseconds: number): Promise<void> {
    this.begins();
    await this.proxy.cut();
    await pause(milliseconds);
    this.ends();
    await this.proxy.heal();
  }

  sent(): Promise<SenderFigures> {
    return this.sender.ask<SenderFigures>('figures');
  }

  received(): Promise<ReceiverFigures> {
    return this.#receiver.ask<ReceiverFigures>('figures');
  }

  /**
   * Stops sending, and waits for what is still on its way; then the figures of all.
   * @param count how many messages have arrived, where the receiver itself does not know
   */
  async settled(count = async () => (await this.received()).distinct): Promise<Figures> {
    await this.sender.ask('rest');
    await this.#arrived(count);
    const [sent, received] = await Promise.all([this.sent(), this.received()]);
    const { accepted, refused, reported, rejected, rise } = sent;
    return {
      messages: accepted,
      refused,
      lost: Math.max(0, accepted - received.distinct - rejected),
      duplicated: received.duplicated,
      reordered: received.reordered,
      detect: this.#detect(sent.downs),
      recover: this.#recover(received.arrivals),
      peak: rise / 2 ** 20,
      reported: reported > 0 ? reported : undefined,
    };
  }

  async #arrived(count: () => Promise<number>): Promise<void> {
    const end = Date.now() + longestArrival;
    let latest = Date.now();
    let most = -1;
    while (Date.now() < end && Date.now() - latest < givenUp) {
      const [{ accepted, rejected, reported }, distinct] = await Promise.all([this.sent(), count()]);
      if (distinct + Math.max(rejected, reported) >= accepted) return;
      if (distinct > most) latest = Date.now();
      most = distinct;
      await pause(100);
    }
  }

  /** For each fault and link: from its beginning until the client said that the link is lost. */
  #detect(downs: SenderFigures['downs']): number | undefined {
    const waits = this.#spans.flatMap(({ began }) =>
      downs.map(times => (times.find(time => time >= began) ?? Number.POSITIVE_INFINITY) - began),
    );
    const worst = quantile(waits, 0.99);
    return worst === Number.POSITIVE_INFINITY ? undefined : worst;
  }

  /** For each fault and link: from its end until something arrived. */
  #recover(arrivals: ReceiverFigures['arrivals']): number | undefined {
    const ended = this.#spans.filter(({ ended }) => ended < Number.POSITIVE_INFINITY);
    const waits = ended.flatMap(({ ended }) =>
      arrivals.map(times => (times.find(time => time >= ended) ?? Number.POSITIVE_INFINITY) - ended),
    );
    const worst = quantile(waits, 0.99);
    return worst === Number.POSITIVE_INFINITY ? undefined : worst;
  }

  async #close(): Promise<void> {
    await this.#proxy?.close();
    await Promise.all([this.#sender?.kill(), this.#receiver.kill(), this.#broker?.kill()]);
  }
}

/** A port that the system gives, free again. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
