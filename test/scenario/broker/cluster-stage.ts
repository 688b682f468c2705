// Brokers that are nothing but their place in a cluster: they take what comes, and remember it.

import type { Cancel, Clock } from '../../../lib/base/clock.ts';
import { systemClock } from '../../../lib/base/clock.ts';
import type { ClusterNode, Presence } from '../../../lib/broker/cluster.ts';
import type { NatsClusterOptions } from '../../../lib/broker/nats/index.ts';
import { NatsCluster } from '../../../lib/broker/nats/index.ts';
import type { Message, NatsOptions } from '../../../lib/index.ts';
import { Communicator, type Nats, PeerError } from '../../../lib/index.ts';
import { until } from '../../support/world.ts';
import { quick } from '../nats/nats-stage.ts';

/** Beats so often that a test need not wait. */
export const lively = { beat: 50, silent: 1_000 };

/** A clock of the system's whose wall a test can put forward: time goes on as before. */
export class Forward implements Clock {
  #by = 0;

  now(): number {
    return systemClock.now();
  }

  wall(): number {
    return systemClock.wall() + this.#by;
  }

  after(ms: number, run: () => void): Cancel {
    return systemClock.after(ms, run);
  }

  put(ms: number): void {
    this.#by += ms;
  }
}

let lives = 0;

export class Place implements ClusterNode {
  readonly communicator: Communicator = new Communicator();
  readonly nats: Nats;
  readonly cluster: NatsCluster;
  readonly taken: string[] = [];
  readonly heard: string[] = [];
  /** Whose senders it had to tell that they came too late. */
  readonly late: string[] = [];
  readonly server: string;
  readonly life: string;
  changes = 0;
  /** What each of its services understands. */
  commands: readonly string[] = ['DO'];
  /** Messages that it was given so far. */
  inHand = 0;
  #serial = 1;
  #services: readonly string[];
  /** What `take` waits for. */
  handling: (message: Message) => Promise<void> = async () => undefined;

  constructor(
    address: string,
    server: string,
    services: readonly string[] = [],
    options: NatsClusterOptions = {},
    limits: NatsOptions['limits'] = {},
  ) {
    lives += 1;
    this.life = `life ${lives}`;
    this.server = server;
    this.#services = services;
    this.nats = this.communicator.nats(address, { pause: quick, limits });
    this.cluster = new NatsCluster(this.nats, { prefix: 'test', presence: lively, ...options });
  }

  get presence(): Presence {
    const services = this.#services.map(name => ({ name, commands: this.commands, instances: 1 }));
    return { server: this.server, life: this.life, serial: this.#serial, services };
  }

  /** The names of the brokers that it sees. */
  get sees(): string[] {
    return this.cluster.others.map(({ server }) => server).sort();
  }

  async join(): Promise<this> {
    await this.cluster.join(this);
    return this;
  }

  serve(...services: string[]): void {
    this.#services = services;
    this.#serial += 1;
    this.cluster.announce(this.presence);
  }

  async take(message: Message): Promise<void> {
    if (!this.#services.includes(message.to.service)) throw new PeerError('REFUSED', `no ${message.to.service} here`);
    this.inHand += 1;
    await this.handling(message);
    this.taken.push(message.get('n') ?? '');
  }

  expired(message: Message): void {
    this.late.push(message.get('n') ?? '');
  }

  hear(message: Message): void {
    this.heard.push(message.get('n') ?? '');
  }

  changed(): void {
    this.changes += 1;
  }

  /** Ends as a crash would, for the others. */
  async crash(): Promise<void> {
    await this.communicator.stop(0);
  }
}

/** Waits until each sees all the others. */
export async function together(...places: Place[]): Promise<void> {
  await until('all see each other', () => places.every(place => place.sees.length === places.length - 1));
}
