// Links over real WebSockets: a controller and clients of ours, and bare peers of the ws package on both sides. The clock
// is one that the test moves, unless it brings another.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Test } from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../../lib/index.ts';
import { Communicator } from '../../../lib/index.ts';
import type { LinkClientOptions, LinkServerOptions } from '../../../lib/protocol/link/index.ts';
import { linkClient, linkServer } from '../../../lib/protocol/link/index.ts';
import { VirtualClock } from '../../../lib/testkit/index.ts';
import { LogBook, until } from '../../support/world.ts';
import { definitions } from '../../unit/link/stage.ts';

export class LinkStage<C extends Clock = VirtualClock> {
  readonly clock: C;
  readonly log = new LogBook();
  readonly communicator: Communicator;
  /** Of the controller, once it listens. */
  url = '';

  constructor(t: Test, clock: C = new VirtualClock() as Clock as C) {
    this.clock = clock;
    this.communicator = new Communicator({ clock, logger: this.log, random: () => 0.5 });
    t.teardown(() => {
      for (const connection of this.communicator.connections) connection.destroy();
    });
  }

  async server(options: Partial<LinkServerOptions> = {}) {
    const server = linkServer('ws://127.0.0.1:0', { definitions, ...options });
    this.communicator.add(server);
    this.url = await server.ready;
    return server;
  }

  client(options: Partial<LinkClientOptions> = {}, url = this.url) {
    const client = linkClient(url, { role: 'control', definitions, ...options });
    this.communicator.add(client);
    return client;
  }

  node(id: number, options: Partial<LinkClientOptions> = {}, url = this.url) {
    return this.client({ role: 'node', id, name: `node ${id}`, ...options }, url);
  }

  /** A bare peer, which has heard `hello`. */
  async raw(t: Test): Promise<RawLink> {
    const raw = new RawLink(new WebSocket(this.url));
    t.teardown(() => raw.ws.terminate());
    await raw.heard(1);
    return raw;
  }
}

export interface Frame {
  readonly seq?: unknown;
  readonly type?: string;
  readonly data?: { readonly [name: string]: unknown };
}

/** One end of a WebSocket that a test speaks for itself. */
export class RawLink {
  readonly ws: WebSocket;
  readonly inbox: Frame[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('message', bytes => void this.inbox.push(JSON.parse(String(bytes)) as Frame));
    ws.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
    ws.on('error', () => undefined);
  }

  /** Texts and buffers go out as they are; buffers as binary frames. */
  say(...frames: readonly unknown[]): this {
    for (const frame of frames) {
      const isRaw = typeof frame === 'string' || Buffer.isBuffer(frame);
      this.ws.send(isRaw ? frame : JSON.stringify(frame));
    }
    return this;
  }

  async heard(count: number): Promise<this> {
    await until(`${count} frames, or the end`, () => this.inbox.length >= count || this.closed !== undefined);
    return this;
  }

  async end(): Promise<{ readonly code: number; readonly reason: string }> {
    await until('the end of the link', () => this.closed !== undefined);
    return this.closed as { code: number; reason: string };
  }
}

/** A controller that a test speaks for itself. */
export class RawController {
  readonly links: RawLink[] = [];
  url = '';

  static async open(t: Test): Promise<RawController> {
    const raw = new RawController();
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/api/socket' });
    server.on('connection', ws => void raw.links.push(new RawLink(ws)));
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    raw.url = `ws://127.0.0.1:${port}`;
    t.teardown(() => {
      for (const { ws } of raw.links) ws.terminate();
      server.close();
    });
    return raw;
  }

  async link(index: number): Promise<RawLink> {
    await until(`link ${index}`, () => this.links.length > index);
    return this.links[index] as RawLink;
  }
}

/** The rows of a table between two marks of the README of links. */
export function tableOf(name: string): string[][] {
  const readme = readFileSync('lib/protocol/link/README.md', 'utf8');
  const [, text = ''] = new RegExp(`<!-- ${name} -->\n([\\s\\S]*?)<!-- /${name} -->`).exec(readme) ?? [];
  const lines = text.trim().split('\n').slice(2);
  return lines.map(line => line.slice(2, -2).split(' | '));
}
