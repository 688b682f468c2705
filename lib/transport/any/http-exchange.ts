// One plain HTTP request and its one answer.
//
//   open ─answer▶ answered        open ─leave▶ gone        answered ─leave▶ answered

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LimitError, NetworkError } from '../../base/errors.ts';
import type { StateTable } from '../../base/state-table.ts';
import { StateMachine } from '../../base/state-table.ts';

export interface HttpExchange {
  /** Address of the other side, as text. */
  readonly remote: string;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** `1.0` or `1.1`. */
  readonly version: string;
  readonly headers: IncomingHttpHeaders;
  /**
   * All of the body, however often it is asked for. `longest` in bytes.
   * @throws LimitError BODY_TOO_LONG beyond that; NetworkError CLOSED when the other side leaves
   */
  body(longest: number): Promise<Buffer>;
  /**
   * Answers, once; does nothing when the other side is gone. The length is added; the connection is kept as HTTP says,
   * or closed where a header says `connection: close`.
   * @throws UsageError ILLEGAL_STEP the second time
   */
  answer(status: number, headers: Readonly<Record<string, string>>, body?: string | Buffer): void;
  /** The other side's connection went before the answer; at once where it is gone already. */
  onGone(listener: () => void): void;
  /** Another request came on the same connection before the answer of this one; at once where it has come already. */
  onNext(listener: () => void): void;
}

export type HttpExchangeState = 'open' | 'answered' | 'gone';
type HttpExchangeStep = 'answer' | 'leave';

export const httpExchangeTable: StateTable<HttpExchangeState, HttpExchangeStep> = {
  open: { answer: 'answered', leave: 'gone' },
  answered: { leave: 'answered' },
  gone: {},
};

/** The last exchange of each connection. */
const latest = new WeakMap<Socket, NodeHttpExchange>();
/** Answers of these have no body, and no length. */
const bodiless = new Set([204, 304]);

export class NodeHttpExchange implements HttpExchange {
  readonly remote: string;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  readonly #life = new StateMachine(httpExchangeTable, 'open');
  readonly #onClose = (): void => this.#left();
  #body: Promise<Buffer> | undefined;
  #gone: (() => void)[] = [];
  #next: (() => void)[] | 'came' = [];

  constructor(request: IncomingMessage, response: ServerResponse, remote: string) {
    this.remote = remote;
    this.#request = request;
    this.#response = response;
    this.#socket = request.socket;
    this.#socket.once('close', this.#onClose);
    latest.get(this.#socket)?.followed();
    latest.set(this.#socket, this);
  }

  /** Whether a request of this connection waits for its answer. */
  static waitsOn(socket: Socket): boolean {
    return latest.get(socket)?.state === 'open';
  }

  get state(): HttpExchangeState {
    return this.#life.state;
  }

  get method(): string {
    return this.#request.method ?? '';
  }

  get url(): string {
    return this.#request.url ?? '';
  }

  get version(): string {
    return this.#request.httpVersion;
  }

  get headers(): IncomingHttpHeaders {
    return this.#request.headers;
  }

  body(longest: number): Promise<Buffer> {
    this.#body ??= this.#collect(longest);
    return this.#body;
  }

  answer(status: number, headers: Readonly<Record<string, string>>, body: string | Buffer = ''): void {
    if (this.#life.state === 'gone') return;
    const bytes = Buffer.from(body);
    if (this.#life.can('answer')) this.#writeHead(status, headers, bytes.length);
    this.#life.step('answer');
    this.#socket.off('close', this.#onClose);
    this.#response.end(bytes);
  }

  onGone(listener: () => void): void {
    if (this.#life.state === 'gone') listener();
    else this.#gone.push(listener);
  }

  onNext(listener: () => void): void {
    if (this.#next === 'came') listener();
    else this.#next.push(listener);
  }

  followed(): void {
    if (this.#life.state !== 'open' || this.#next === 'came') return;
    const listeners = this.#next;
    this.#next = 'came';
    for (const listener of listeners) listener();
  }

  #writeHead(status: number, headers: Readonly<Record<string, string>>, length: number): void {
    const response = this.#response;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (!bodiless.has(status)) response.setHeader('content-length', length);
    response.writeHead(status);
  }

  #left(): void {
    this.#life.step('leave');
    for (const listener of this.#gone.splice(0)) listener();
  }

  #collect(longest: number): Promise<Buffer> {
    const request = this.#request;
    const tooLong = (): LimitError =>
      new LimitError('BODY_TOO_LONG', `${this.remote}: a body of at most ${longest} bytes is taken here`);
    if (Number(request.headers['content-length'] ?? 0) > longest) return Promise.reject(tooLong());
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let length = 0;
      request.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length <= longest) return void chunks.push(chunk);
        chunks.length = 0;
        reject(tooLong());
      });
      request.on('end', () => resolve(Buffer.concat(chunks)));
      request.on('error', () => undefined);
      request.on('close', () => reject(new NetworkError('CLOSED', `${this.remote} left in the middle of its request`)));
    });
  }
}
