// One end of a backplane with a connection and a communicator of its own, and what it heard.

import type { NatsOptions } from '../../../lib/index.ts';
import { Communicator, type Nats, NatsBackplane } from '../../../lib/index.ts';
import { LogBook, until } from '../../support/world.ts';

/** Comes back within a moment, in tests. */
export const quick = { first: 5, most: 40 };

export class End {
  readonly log = new LogBook();
  readonly communicator: Communicator = new Communicator({ logger: this.log });
  readonly nats: Nats;
  readonly backplane: NatsBackplane;
  readonly heard: string[] = [];
  readonly states: string[] = [];

  constructor(servers: string | readonly string[], options: NatsOptions = {}) {
    this.nats = this.communicator.nats(servers, { pause: quick, ...options });
    this.backplane = new NatsBackplane(this.nats);
    this.backplane.subscribe((_path, text) => this.heard.push(text));
    this.nats.on('state', state => this.states.push(state));
  }

  /** Connected, and its subscriptions are known to the server. */
  async ready(): Promise<this> {
    await until('it is connected', () => this.nats.line !== undefined);
    await this.nats.line?.flush();
    return this;
  }

  /** What its communicator shows of the connection. */
  get shown(): Record<string, unknown> {
    return { ...this.communicator.snapshot().connections[0] };
  }
}

/** Tells numbers one after the other, `each` ms apart, from `from` on, until it is called; gives the next number. */
export function telling(end: End, each = 1): () => number {
  let next = 0;
  const timer = setInterval(() => {
    end.backplane.publish('/load', String(next));
    next += 1;
  }, each);
  return () => {
    clearInterval(timer);
    return next;
  };
}
