// What tests of links have in common: definitions, a world of frames with a clock of its own, and a raw end.

import type { Channel } from '../../../lib/index.ts';
import { Communicator } from '../../../lib/index.ts';
import type { LinkClientOptions, LinkServerOptions } from '../../../lib/protocol/link/index.ts';
import { event, linkClient, linkServer, request } from '../../../lib/protocol/link/index.ts';
import { settled, VirtualClock } from '../../../lib/testkit/index.ts';
import type { FrameEnd, FrameEvents, Frames } from '../../support/frames.ts';
import { frames } from '../../support/frames.ts';
import { LogBook } from '../../support/world.ts';

const integer = { type: 'integer' } as const;
const text = { type: 'string' } as const;

export const start = request('start_instance', {
  links: ['control-controller', 'controller-node', 'node-instance'],
  forwardTo: 'instance',
  request: { save: { type: ['string', 'null'] } },
  response: { pid: integer },
});
export const add = request('add', {
  links: ['control-controller', 'controller-node', 'node-controller', 'controller-control'],
  request: { a: integer, b: integer },
  response: { sum: integer },
});
export const list = request('list_slaves', {
  links: ['control-controller'],
  response: { list: { type: 'array', items: { type: 'object', properties: { id: integer }, required: ['id'] } } },
});
export const say = event('global_chat:chat', {
  links: ['instance-node', 'node-controller', 'controller-node', 'node-instance'],
  forwardTo: 'controller',
  broadcastTo: 'instance',
  event: { content: text },
});
export const note = event('note', {
  links: ['node-controller', 'controller-node', 'control-controller', 'controller-control'],
  event: { n: integer },
});
export const definitions = [start, add, list, say, note];

export const place = 'memory:controller';

/** One network, one time. */
export class Stage {
  readonly clock = new VirtualClock();
  readonly frames: Frames = frames();
  readonly log = new LogBook();
  readonly communicator = this.another();

  another(): Communicator {
    const { clock, log: logger } = this;
    return new Communicator({ clock, logger, random: () => 0.5, transports: { memory: this.frames } });
  }

  async server(options: Partial<LinkServerOptions> = {}) {
    const server = linkServer(place, { definitions, ...options });
    this.communicator.add(server);
    await server.ready;
    return server;
  }

  client(options: Partial<LinkClientOptions> = {}, owner: Communicator = this.communicator) {
    const client = linkClient(place, { role: 'control', definitions, ...options });
    owner.add(client);
    return client;
  }

  node(id: number, options: Partial<LinkClientOptions> = {}, owner?: Communicator) {
    return this.client({ role: 'node', id, name: `node ${id}`, ...options }, owner);
  }

  /** Stops everything, and lets the time for it go by. */
  async end(): Promise<void> {
    const stopped = this.communicator.stop();
    await this.clock.advance(30_000);
    await stopped;
  }

  async raw(): Promise<Raw> {
    const address = { scheme: 'memory', host: '', port: 0, path: 'controller' };
    const raw = new Raw((await this.frames.dial(address, new AbortController().signal)) as FrameEnd);
    await settled();
    return raw;
  }
}

/** An end that a test speaks for itself. */
export class Raw implements FrameEvents {
  readonly end: FrameEnd;
  readonly inbox: string[] = [];
  closed_: { code: number; reason: string } | undefined;

  constructor(end: Channel) {
    this.end = end as FrameEnd;
    this.end.start(this);
  }

  /** Says frames in one go, and waits for what that brings. */
  async say(...values: unknown[]): Promise<this> {
    for (const value of values) this.end.send(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
    await settled();
    return this;
  }

  /** As `say`, and waits for a word in answer, which a token may delay; not for long, where none is due. */
  async ask(...values: unknown[]): Promise<this> {
    const before = this.inbox.length;
    await this.say(...values);
    for (let wait = 0; wait < 150 && this.inbox.length === before && this.closed_ === undefined; wait += 1) {
      await new Promise(resolve => setTimeout(resolve, 2));
    }
    await settled();
    return this;
  }

  /** Since the last time it was asked. */
  get heard(): unknown[] {
    return this.inbox.splice(0).map(frame => JSON.parse(frame) as unknown);
  }

  data(chunk: Buffer): void {
    this.inbox.push(chunk.toString());
  }

  closing(code: number, reason: string): void {
    this.closed_ = { code, reason };
    if (code !== 1006) this.end.closeWith(code === 1005 ? undefined : code, reason);
  }

  drained(): void {}
  ended(): void {}
  closed(): void {}
}

export { settled };
