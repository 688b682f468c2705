// A session over HTTP requests. A request brings events, and takes away what there is to say; where there is nothing,
// it waits as the poll, in the place of an older one.
//
//   idle ─request▶ gathering ─answer▶ idle            gathering: its events are worked on, what is said is kept
//     ▲                │ └─wait▶ waiting ─request▶ gathering
//     └─────answer─────┼───────────┘
//                      └─over▶ over                   idle, waiting, leaving ─over▶ over
//   idle, gathering ─leave▶ leaving                   closed; what was said last waits for one request more
//
// An older poll gets what is said, and the new request waits: so what is said goes out in order.

import { NetworkError } from '../../../base/errors.ts';
import type { StateTable } from '../../../base/state-table.ts';
import { StateMachine } from '../../../base/state-table.ts';
import type { HttpExchange } from '../../../transport/index.ts';
import type { Close } from '../wire.ts';
import { closes } from '../wire.ts';
import type { Carrier, CarrierOwner, Framed } from './carrier.ts';

export type PollingState = 'idle' | 'gathering' | 'waiting' | 'leaving' | 'over';
type PollingStep = 'request' | 'answer' | 'wait' | 'leave' | 'over';

export const pollingTable: StateTable<PollingState, PollingStep> = {
  idle: { request: 'gathering', leave: 'leaving', over: 'over' },
  gathering: { answer: 'idle', wait: 'waiting', leave: 'leaving', over: 'over' },
  waiting: { request: 'gathering', answer: 'idle', over: 'over' },
  leaving: { over: 'over' },
  over: {},
};

/** Answers a request, as all of this protocol are answered. */
type Reply = (exchange: HttpExchange, status: number, body: string) => void;

export interface PollingPlace {
  readonly reply: Reply;
  /** Oldest poll, and longest time without one, in ms. */
  readonly times: { readonly poll: number; readonly client: number };
  /** In ms of the clock. */
  readonly now: () => number;
  /** Told once, when the session can no more be found. */
  readonly over: () => void;
}

/** Requests of one session that are here at the same time; more are answered 413. */
const mostRequests = 16;

export class PollingCarrier implements Carrier {
  readonly kind = 'polling';
  readonly #owner: CarrierOwner;
  readonly #place: PollingPlace;
  readonly #machine = new StateMachine(pollingTable, 'idle');
  /** Requests whose events are being worked on, or stand in line. */
  readonly #requests = new Set<HttpExchange>();
  #poll: HttpExchange | undefined;
  /** When the poll began, or the last answer went out. */
  #since: number;
  #lines: string[] = [];
  #bytes = 0;
  #flushing: 'no' | 'soon' = 'no';
  #remote: string;

  constructor(remote: string, owner: CarrierOwner, place: PollingPlace) {
    this.#remote = remote;
    this.#owner = owner;
    this.#place = place;
    this.#since = place.now();
  }

  /** Of the last request. */
  get remote(): string {
    return this.#remote;
  }

  get unsent(): number {
    return this.#bytes;
  }

  /** A request with events, in lines. */
  request(exchange: HttpExchange, body: string): void {
    const { state } = this.#machine;
    if (state === 'over') return this.#place.reply(exchange, 403, '');
    if (state === 'leaving') return this.#leave(exchange);
    if (this.#requests.size >= mostRequests) return this.#place.reply(exchange, 413, '');
    this.#remote = exchange.remote;
    this.#requests.add(exchange);
    exchange.onGone(() => this.#left(exchange));
    const events = body.split('\n').filter(line => line !== '');
    this.#owner.heard();
    this.#owner.receiveAll([() => this.#begin(), ...events, () => this.#end(exchange)]);
  }

  send({ text }: Framed): void {
    this.#lines.push(`${text}\n`);
    this.#bytes += Buffer.byteLength(text) + 1;
    if (this.#machine.state !== 'waiting' || this.#flushing === 'soon') return;
    this.#flushing = 'soon';
    queueMicrotask(() => this.#flush());
  }

  // A request is read whole before it is worked on.
  pause(): void {}
  resume(): void {}

  tick(now: number): void {
    const { state } = this.#machine;
    const idle = now - this.#since;
    if (state === 'waiting' && idle > this.#place.times.poll) this.#answerPoll('');
    else if (state === 'leaving' && idle > this.#place.times.client) this.#over();
    else if (state === 'idle' && this.#requests.size === 0 && idle > this.#place.times.client) {
      this.#owner.close(closes.timeout, new NetworkError('SILENT', 'no further request came'));
    }
  }

  close(close: Close): void {
    const [current] = this.#requests;
    const bad = close === closes.badEvent;
    let rest: 200 | 403 = 403;
    if (bad && current !== undefined) this.#answer(current, 400, '');
    else if (this.#lines.length > 0) rest = this.#say(this.#poll ?? current, close);
    if (this.#machine.state !== 'leaving') this.#over(undefined, rest);
    else this.#dismiss(rest);
  }

  destroy(reason?: Error): void {
    this.#over(reason);
  }

  // ---- the requests

  #begin(): void {
    this.#machine.attempt('request');
  }

  #end(exchange: HttpExchange): void {
    if (this.#machine.state !== 'gathering') return;
    this.#requests.delete(exchange);
    const older = this.#poll;
    if (this.#lines.length > 0 && older === undefined) {
      this.#machine.step('answer');
      return this.#answer(exchange, 200, this.#takeLines());
    }
    this.#poll = exchange;
    this.#since = this.#place.now();
    this.#machine.step('wait');
    if (older !== undefined) this.#place.reply(older, 200, this.#takeLines());
    exchange.onNext(() => {
      if (this.#poll === exchange) this.#answerPoll('');
    });
  }

  #flush(): void {
    this.#flushing = 'no';
    if (this.#machine.state === 'waiting' && this.#lines.length > 0) this.#answerPoll(this.#takeLines());
  }

  #answerPoll(body: string): void {
    const poll = this.#poll as HttpExchange;
    this.#poll = undefined;
    // It may be answered while a newer request is being worked on.
    if (this.#machine.state === 'waiting') this.#machine.step('answer');
    this.#answer(poll, 200, body);
  }

  #answer(exchange: HttpExchange, status: number, body: string): void {
    this.#requests.delete(exchange);
    if (this.#poll === exchange) this.#poll = undefined;
    this.#since = this.#place.now();
    this.#place.reply(exchange, status, body);
  }

  #takeLines(): string {
    const body = this.#lines.join('');
    this.#lines = [];
    this.#bytes = 0;
    return body;
  }

  /** The connection of a request went before its answer: what it was to take away would be lost. */
  #left(exchange: HttpExchange): void {
    if (this.#poll !== exchange && !this.#requests.has(exchange)) return;
    this.destroy(new NetworkError('CLOSED', 'the connection of a request was lost'));
  }

  // ---- the end

  /**
   * Gives the last words to a request, or keeps them for the next. Tells what the other requests get: on connections of
   * their own they may be answered first, and who is refused does not wait for the words.
   */
  #say(exchange: HttpExchange | undefined, close: Close): 200 | 403 {
    if (exchange === undefined) {
      if (close === closes.plain) this.#machine.attempt('leave');
      return 403;
    }
    this.#answer(exchange, 200, this.#takeLines());
    return 200;
  }

  #leave(exchange: HttpExchange): void {
    this.#answer(exchange, 200, this.#takeLines());
    this.#over();
  }

  /** All requests that are here are answered; by default they are told that the session is closed. */
  #dismiss(status: 200 | 403 = 403): void {
    const all = this.#poll === undefined ? [...this.#requests] : [this.#poll, ...this.#requests];
    this.#requests.clear();
    this.#poll = undefined;
    for (const exchange of all) this.#place.reply(exchange, status, '');
  }

  #over(reason?: Error, status?: 200 | 403): void {
    if (!this.#machine.attempt('over')) return;
    this.#dismiss(status);
    this.#lines = [];
    this.#bytes = 0;
    this.#place.over();
    this.#owner.gone(reason);
  }
}
