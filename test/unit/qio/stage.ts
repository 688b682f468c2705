// What tests of qio have in common: a port in memory, a clock of its own, and clients that speak for themselves.

import type {
  AnyListenEvents,
  AnyTransport,
  Channel,
  ChannelEvents,
  FrameChannel,
  HttpExchange,
} from '../../../lib/index.ts';
import { Communicator, LimitError, memory } from '../../../lib/index.ts';
import type { QioServer, QioServerOptions } from '../../../lib/protocol/qio/index.ts';
import { qioServer } from '../../../lib/protocol/qio/index.ts';
import { settled, VirtualClock } from '../../../lib/testkit/index.ts';
import type { FrameEnd, FrameEvents } from '../../support/frames.ts';
import { frames } from '../../support/frames.ts';
import { LogBook } from '../../support/world.ts';

const place = { scheme: 'memory', host: '', port: 0, path: 'port' };
const signal = new AbortController().signal;

/** A port in memory. */
class Port implements AnyTransport {
  readonly #streams = memory();
  readonly #frames = frames();

  async listen(address: typeof place, events: AnyListenEvents) {
    await this.#streams.listen(place, { accept: channel => events.stream(channel), trouble: events.trouble });
    await this.#frames.listen(place, {
      accept: channel => events.websocket(channel as FrameChannel),
      trouble: events.trouble,
    });
    this.events = events;
    return { address, reload: async () => undefined, close: () => undefined };
  }

  events: AnyListenEvents | undefined;

  stream(): Promise<Channel> {
    return this.#streams.dial(place, signal);
  }

  async frames(): Promise<FrameEnd> {
    return (await this.#frames.dial(place, signal)) as FrameEnd;
  }
}

/** Time, a port, a log, and a communicator that has them. */
export class Stage {
  readonly clock = new VirtualClock();
  readonly port = new Port();
  readonly log = new LogBook();
  /** What `random` gives. */
  chance = 0.5;
  readonly communicator = new Communicator({ clock: this.clock, logger: this.log, random: () => this.chance });

  async server(options: QioServerOptions = {}): Promise<QioServer> {
    const server = qioServer('any://127.0.0.1:0', { transport: this.port, ...options });
    this.communicator.add(server);
    await server.ready;
    return server;
  }

  /** A raw client whose handshake is done. */
  async raw(): Promise<RawClient> {
    const client = await this.stranger();
    await client.bytes('/qio/ohai');
    client.inbox.splice(0);
    return client;
  }

  /** One that has said nothing. */
  async stranger(): Promise<RawClient> {
    return new RawClient(await this.port.stream());
  }

  async webSocket(): Promise<FrameClient> {
    const client = await this.upgraded();
    await client.say('/qio/ohai');
    client.inbox.splice(0);
    return client;
  }

  async upgraded(): Promise<FrameClient> {
    const client = new FrameClient(await this.port.frames());
    await settled();
    return client;
  }

  /** Posts, and waits for what that brings. */
  async post(url: string, body = '', given: Partial<FakeExchange> = {}): Promise<FakeExchange> {
    const exchange = new FakeExchange(url, body, given);
    this.port.events?.request(exchange);
    await settled();
    return exchange;
  }

  async end(): Promise<void> {
    const stopped = this.communicator.stop();
    await this.clock.advance(12_000);
    await stopped;
  }
}

/** The text behind its 8 bytes of length. */
export function framed(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(bytes.length));
  return Buffer.concat([length, bytes]);
}

export class RawClient implements ChannelEvents {
  readonly channel: Channel;
  readonly inbox: string[] = [];
  life: 'open' | 'closed' = 'open';
  /** Bytes that are no whole frame yet. */
  rest: Buffer = Buffer.alloc(0);

  constructor(channel: Channel) {
    this.channel = channel;
    channel.start(this);
  }

  async bytes(...pieces: readonly (string | Buffer)[]): Promise<this> {
    for (const piece of pieces) {
      this.channel.send(Buffer.from(piece));
      await settled(4);
    }
    return this;
  }

  /** Says events in one go. */
  async say(...events: readonly (string | Buffer)[]): Promise<this> {
    return this.bytes(Buffer.concat(events.map(framed)));
  }

  /** Says events, and gives what came since the last time it was asked. */
  async ask(...events: readonly (string | Buffer)[]): Promise<string[]> {
    await this.say(...events);
    await settled();
    return this.heard;
  }

  get heard(): string[] {
    return this.inbox.splice(0);
  }

  data(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    while (this.rest.length >= 8 && this.rest[0] === 0) {
      const end = 8 + Number(this.rest.readBigUInt64BE());
      if (this.rest.length < end) return;
      this.inbox.push(this.rest.toString('utf8', 8, end));
      this.rest = this.rest.subarray(end);
    }
    if (this.rest.length > 0 && this.rest[0] !== 0) {
      this.inbox.push(this.rest.toString());
      this.rest = Buffer.alloc(0);
    }
  }

  drained(): void {}

  ended(): void {
    this.life = 'closed';
    this.channel.close();
  }

  closed(): void {
    this.life = 'closed';
  }
}

export class FrameClient implements FrameEvents {
  readonly end: FrameEnd;
  readonly inbox: string[] = [];
  /** What the close frame said. */
  word: { readonly code: number; readonly reason: string } | undefined;

  constructor(end: FrameEnd) {
    this.end = end;
    end.start(this);
  }

  async say(...events: readonly (string | Buffer)[]): Promise<this> {
    for (const one of events) this.end.send(Buffer.from(one));
    await settled();
    return this;
  }

  async ask(...events: readonly string[]): Promise<string[]> {
    await this.say(...events);
    return this.heard;
  }

  get heard(): string[] {
    return this.inbox.splice(0);
  }

  data(chunk: Buffer): void {
    this.inbox.push(chunk.toString());
  }

  closing(code: number, reason: string): void {
    this.word = { code, reason };
    this.end.closeWith();
  }

  drained(): void {}
  ended(): void {}
  closed(): void {}
}

/** A request that a test makes; `status` and `text` are the answer. */
export class FakeExchange implements HttpExchange {
  readonly remote: string = 'http://client:1';
  readonly method: string = 'POST';
  readonly url: string;
  readonly version: string = '1.1';
  readonly headers: HttpExchange['headers'];
  readonly #body: Buffer;
  readonly #gone: (() => void)[] = [];
  readonly #next: (() => void)[] = [];
  status: number | undefined;
  text = '';
  answered: Readonly<Record<string, string>> = {};

  constructor(url: string, body: string, given: Partial<FakeExchange> = {}) {
    this.url = url;
    this.#body = Buffer.from(body);
    this.headers = { 'content-length': String(this.#body.length) };
    Object.assign(this, given);
  }

  async body(longest: number): Promise<Buffer> {
    if (this.#body.length > longest) throw new LimitError('BODY_TOO_LONG', 'too long');
    return this.#body;
  }

  answer(status: number, headers: Readonly<Record<string, string>>, body: string | Buffer = ''): void {
    if (this.status !== undefined) throw new Error(`answered twice: ${this.status}, ${status}`);
    this.status = status;
    this.answered = headers;
    this.text = body.toString();
  }

  onGone(listener: () => void): void {
    this.#gone.push(listener);
  }

  onNext(listener: () => void): void {
    this.#next.push(listener);
  }

  async leave(): Promise<void> {
    for (const listener of this.#gone.splice(0)) listener();
    await settled();
  }

  async follow(): Promise<void> {
    for (const listener of this.#next.splice(0)) listener();
    await settled();
  }

  /** The answer in short; '-' while there is none. */
  get short(): string {
    return this.status === undefined ? '-' : `${this.status} ${this.text}`.trimEnd();
  }
}

export { settled };
