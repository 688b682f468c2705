// A permanent client and a listener on a network that breaks, driven step by step on a virtual clock.

import assert from 'node:assert/strict';
import type { Correspondent, PermanentClient, Receipt } from '../../../lib/index.ts';
import { Dispatcher, Message } from '../../../lib/index.ts';
import { settled, VirtualClock } from '../../../lib/testkit/index.ts';
import type { World } from '../../support/world.ts';
import { world } from '../../support/world.ts';
import type { Cut } from '../cutting.ts';
import { CuttingNetwork } from '../cutting.ts';

export type Step =
  | { readonly kind: 'client' | 'server'; readonly count: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'cut' | 'trap'; readonly what: Cut }
  | { readonly kind: 'restart'; readonly how: 'crash' | 'stop' };

export interface How {
  readonly concurrency: number;
  /** Handlers take so many ms, in turn. */
  readonly delays: readonly number[];
}

/** One direction: the fate of each message, and the numbers that were handled, in order. */
export interface Stream {
  readonly sent: string[];
  readonly handled: number[];
}

const place = 'memory://place';

export class Schedule {
  readonly fromClient: Stream = { sent: [], handled: [] };
  readonly fromServer: Stream = { sent: [], handled: [] };
  readonly clock = new VirtualClock();
  readonly #network = new CuttingNetwork();
  readonly #how: How;
  readonly #worlds: World[] = [];
  readonly #client: PermanentClient;
  #server: World;
  /** The client's peer at the present server. */
  #peer: Correspondent | undefined;

  constructor(how: How) {
    this.#how = how;
    this.#server = this.#serve();
    this.#client = this.#world().communicator.permanent(place, {
      concurrency: how.concurrency,
      dispatcher: this.#dispatcher(this.fromServer),
    });
  }

  async run(steps: readonly Step[]): Promise<void> {
    this.#deliver(this.#client, this.fromClient, 1);
    await settled();
    for (const step of steps) await this.#step(step);
    this.#network.traps.length = 0;
    for (let round = 0; round < 300 && this.#pending; round += 1) await this.clock.advance(1_000);
  }

  /** Nothing is left, and nothing was refused. */
  ended(): void {
    assert.ok(!this.#pending, `pending: ${this.#openFates()}; ${JSON.stringify(this.#client.snapshot())}`);
    const snapshot = this.#client.snapshot();
    assert.equal(snapshot.queued, 0);
    assert.equal(snapshot.unconfirmed, 0);
    const fates = snapshot.fates as Record<string, number>;
    const { confirmed = 0, ...others } = fates;
    assert.equal(confirmed, this.fromClient.sent.length, JSON.stringify(fates));
    assert.ok(
      Object.values(others).every(count => count === 0),
      JSON.stringify(fates),
    );
    const refused = this.#worlds.flatMap(({ log }) => log.texts('warn')).filter(text => text.startsWith('refused'));
    assert.deepEqual(refused, []);
  }

  destroy(): void {
    for (const { communicator } of this.#worlds) for (const one of communicator.connections) one.destroy();
  }

  /** After the end no timer is left. */
  async over(): Promise<void> {
    await this.clock.advance(1_000);
    assert.equal(this.clock.waiting, 0, 'timers are left');
  }

  get #pending(): boolean {
    return [this.fromClient, this.fromServer].some(({ sent }) => sent.includes(''));
  }

  #openFates(): string {
    const open = ({ sent }: Stream): string => sent.flatMap((fate, number) => (fate === '' ? [number] : [])).join();
    return `client ${open(this.fromClient)} server ${open(this.fromServer)}`;
  }

  async #step(step: Step): Promise<void> {
    if (step.kind === 'client') this.#deliver(this.#client, this.fromClient, step.count);
    else if (step.kind === 'server' && this.#peer !== undefined) this.#deliver(this.#peer, this.fromServer, step.count);
    else if (step.kind === 'wait') await this.clock.advance(step.ms);
    else if (step.kind === 'cut') this.#network.cut(step.what);
    else if (step.kind === 'trap') this.#network.traps.push(step.what);
    else if (step.kind === 'restart') await this.#restart(step.how);
  }

  #world(): World {
    const made = world({ clock: this.clock, random: () => 0.5, transports: { memory: this.#network } });
    this.#worlds.push(made);
    return made;
  }

  #serve(): World {
    const made = this.#world();
    made.communicator.listen(place, {
      concurrency: this.#how.concurrency,
      dispatcher: this.#dispatcher(this.fromClient, peer => {
        if (this.#server === made) this.#peer = peer;
      }),
    });
    return made;
  }

  async #restart(how: 'crash' | 'stop'): Promise<void> {
    this.#peer = undefined;
    const { communicator } = this.#server;
    if (how === 'crash') for (const one of communicator.connections) one.destroy();
    else {
      const stopped = communicator.stop();
      await this.clock.advance(12_000);
      await stopped;
    }
    await settled();
    this.#server = this.#serve();
    await settled();
  }

  #dispatcher({ handled }: Stream, met: (peer: Correspondent) => void = () => undefined): Dispatcher {
    const { delays } = this.#how;
    return new Dispatcher().on('MESSAGE', (message, peer) => {
      met(peer);
      handled.push(Number(message.get('number')));
      const delay = delays[handled.length % delays.length] ?? 0;
      return delay === 0 ? undefined : new Promise<void>(resolve => void this.clock.after(delay, resolve));
    });
  }

  #deliver(from: Correspondent, { sent }: Stream, count: number): void {
    for (let one = 0; one < count; one += 1) {
      const number = sent.push('') - 1;
      const fate = (end: string): void => {
        assert.equal(sent[number], '', `a second fate of ${number}`);
        sent[number] = end;
      };
      from.deliver(Message.of('MESSAGE', { number })).then(
        ({ guarantee }: Receipt) => fate(guarantee),
        ({ code }: { readonly code: string }) => fate(code),
      );
    }
  }
}
