// A client whose WebSockets, requests, time and chance a test holds in its hands.

import type { QioClientOptions } from '../../../lib/protocol/qio/client.ts';
import { QioClient } from '../../../lib/protocol/qio/client.ts';
import { VirtualClock } from '../../../lib/testkit/virtual-clock.ts';

type Handler<E> = ((event: E) => void) | undefined;

/** A WebSocket that does what the test says. */
export class FakeSocket {
  onopen: Handler<object>;
  onmessage: Handler<{ data: unknown }>;
  onerror: Handler<object>;
  onclose: Handler<{ code: number; reason: string }>;
  bufferedAmount = 0;
  readonly sent: string[] = [];
  closed = 0;
  readonly url: string;
  readonly protocol: string;

  constructor(url: string, protocol: string) {
    this.url = url;
    this.protocol = protocol;
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.closed += 1;
  }

  /** The upgrade, and the server's ohai. */
  open(): void {
    this.onopen?.({});
    this.say('/qio/ohai');
  }

  say(data: unknown): void {
    this.onmessage?.({ data });
  }

  drop(code = 1006, reason = ''): void {
    this.onerror?.({});
    this.onclose?.({ code, reason });
  }

  /** What was sent since the last look, without ohai. */
  take(): string[] {
    return this.sent.splice(0).filter(text => text !== '/qio/ohai');
  }
}

/** One call of fetch. */
export class FakeRequest {
  readonly url: URL;
  readonly body: string;
  readonly signal: AbortSignal;
  readonly answered: Promise<{ status: number; text(): Promise<string> }>;
  #resolve: (answer: { status: number; text(): Promise<string> }) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(url: string, request: { readonly method: string; readonly body: string; readonly signal: AbortSignal }) {
    this.url = new URL(url);
    this.body = request.body;
    this.signal = request.signal;
    this.answered = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.signal.addEventListener('abort', () => this.#reject(this.signal.reason));
  }

  get events(): string[] {
    return this.body.split('\n').filter(line => line !== '');
  }

  answer(events: readonly string[] = [], status = 200): void {
    this.#resolve({ status, text: async () => events.map(event => `${event}\n`).join('') });
  }

  fail(error: unknown = new TypeError('fetch failed')): void {
    this.#reject(error);
  }
}

export const pong = '/qio/callback/1:0={"code":200,"data":null}';
export const greeting = '/qio/callback/1:0={"code":200,"data":null}';

export class Stage {
  readonly clock = new VirtualClock();
  readonly sockets: FakeSocket[] = [];
  readonly requests: FakeRequest[] = [];
  /** What the client's own events said, in their order. */
  readonly log: string[] = [];
  readonly client: QioClient;

  constructor(options: QioClientOptions = {}, address = 'ws://one.example:8080/qio') {
    const { sockets, requests, log } = this;
    class Socket extends FakeSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol);
        sockets.push(this);
      }
    }
    this.client = new QioClient(address, {
      webSocket: Socket,
      fetch: (url, request) => {
        const made = new FakeRequest(url, request);
        requests.push(made);
        return made.answered;
      },
      clock: this.clock,
      random: () => 0,
      pause: { jitter: 0 },
      ...options,
    });
    this.client
      .on('/open', ({ transport, address: at }) => log.push(`open ${transport} ${at}`))
      .on('/close', ({ reason }) => log.push(`close: ${reason}`))
      .on('/error', ({ code, err_msg, path }) => log.push(`error ${code} ${path} ${String(err_msg)}`));
  }

  /** The last one that was made. */
  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (last === undefined) throw new Error('no WebSocket was made');
    return last;
  }

  get request(): FakeRequest {
    const last = this.requests.at(-1);
    if (last === undefined) throw new Error('nothing was requested');
    return last;
  }

  /** The log since the last look. */
  told(): string[] {
    return this.log.splice(0);
  }

  async advance(ms = 0): Promise<void> {
    await this.clock.advance(ms);
  }

  /** A stage with an open WebSocket, of which nothing is left to look at. */
  static async open(options: QioClientOptions = {}): Promise<Stage> {
    const stage = new Stage(options);
    await stage.advance();
    stage.socket.open();
    stage.told();
    stage.socket.take();
    return stage;
  }

  /** A stage with an open session of polls, whose first poll is not made yet. */
  static async polling(options: QioClientOptions = {}): Promise<Stage> {
    const stage = new Stage({ transports: ['polling'], ...options });
    await stage.advance();
    stage.request.answer([greeting]);
    // Not advance: that would make the first poll.
    await new Promise(resolve => setImmediate(resolve));
    stage.told();
    return stage;
  }
}

/** A server's answer. */
export function answer(id: number, code = 200, data: unknown = null, errMsg: string | null = null, ask = 0): string {
  const error = code === 200 ? {} : { err_msg: errMsg };
  return `/qio/callback/${id}:${ask}=${JSON.stringify({ code, data, ...error })}`;
}
