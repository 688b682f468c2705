// A client's session: what a client is to the server, whichever socket carries it.
//
//   handshake ─ohai▶ open ─close▶ closing ─gone▶ closed        handshake ─close▶ closing
//                                                              handshake, open ─gone▶ closed
//
// What comes in stands in line, and gets its turn as the work of all others does; while handlers run by the thousand,
// nothing more is read. When it closes, all that it had is undone in that moment.

import { LimitError, NetworkError, UsageError } from '../../base/errors.ts';
import type { StateTable } from '../../base/state-table.ts';
import { stepped } from '../../base/state-table.ts';
import type { Worker } from '../../connection/index.ts';
import { Fifo } from '../../session/index.ts';
import type { Lost, QioClient } from './definitions.ts';
import type { Fire } from './session/callbacks.ts';
import { Callbacks } from './session/callbacks.ts';
import type { Carrier, CarrierKind, CarrierOwner, ClientState, Errand } from './session/carrier.ts';
import { Framed } from './session/carrier.ts';
import type { SessionHost } from './session/host.ts';
import type { Subscriptions } from './session/subscription.ts';
import type { CallbackId, Close } from './wire.ts';
import { callbackPath, closes, codes, heartbeat, paths, writeEnvelope, writeEvent } from './wire.ts';

type ClientStep = 'ohai' | 'close' | 'gone';

export const clientTable: StateTable<ClientState, ClientStep> = {
  handshake: { ohai: 'open', close: 'closing', gone: 'closed' },
  open: { close: 'closing', gone: 'closed' },
  closing: { gone: 'closed' },
  closed: {},
};

/** Framed once for all. */
const heartbeatFrame = new Framed(heartbeat);

export class Session implements QioClient, CarrierOwner, Worker {
  readonly id: number;
  /** What it has subscribed to; made with the first. */
  topics: Subscriptions | undefined;
  /** When something came last, and when something was sent, in ms of the clock. */
  heardAt: number;
  saidAt: number;
  readonly #host: SessionHost;
  readonly #carrier: Carrier;
  #state: ClientState = 'handshake';
  #inbox: Fifo<string | Errand> | undefined;
  #callbacks: Callbacks | undefined;
  #data: Map<string, unknown> | undefined;
  #handlers = 0;
  #reading: 'flowing' | 'held' = 'flowing';
  #reason: Error | undefined;

  constructor(id: number, host: SessionHost, carrierFor: (owner: CarrierOwner) => Carrier) {
    this.id = id;
    this.#host = host;
    this.heardAt = host.clock.now();
    this.saidAt = this.heardAt;
    this.#carrier = carrierFor(this);
  }

  get state(): ClientState {
    return this.#state;
  }

  get carrier(): CarrierKind {
    return this.#carrier.kind;
  }

  get remote(): string {
    return this.#carrier.remote;
  }

  get data(): Map<string, unknown> {
    this.#data ??= new Map();
    return this.#data;
  }

  get subscriptions(): number {
    return this.topics?.size ?? 0;
  }

  get priority(): number {
    return this.#host.priority;
  }

  /** Callbacks that are waited for, bytes not taken yet, handlers under way. */
  get unfinished(): { readonly messages: number; readonly bytes: number; readonly handlers: number } {
    return { messages: this.#callbacks?.size ?? 0, bytes: this.#carrier.unsent, handlers: this.#handlers };
  }

  // ---- out

  /** Sends an event, whether or not the client has subscribed to it. */
  post(path: string, json: string, fire?: Fire, lost?: Lost): void {
    if (this.state !== 'open') return lost?.(new NetworkError('CLOSED', 'the client is gone'));
    this.write(new Framed(writeEvent(path, fire === undefined ? 0 : this.#ask(fire, lost), json)));
  }

  /** Answers a callback; only 200 can ask for one in turn. */
  answer(id: CallbackId, code: number, json: string, reason: string | null, fire?: Fire, lost?: Lost): void {
    if (id === 0 || this.state !== 'open') return lost?.(new NetworkError('CLOSED', 'no answer is asked for'));
    this.#host.counters.callbacksSent += 1;
    this.post(callbackPath(id), writeEnvelope(code, json, reason), code === codes.ok ? fire : undefined, lost);
  }

  write(framed: Framed): void {
    if (this.state !== 'open') return;
    this.#host.counters.sent += framed.count;
    this.saidAt = this.#host.clock.now();
    this.#carrier.send(framed);
    if (this.#carrier.unsent > this.#host.limits.unsent) this.#tooSlow();
  }

  move(address: string): void {
    if (typeof address !== 'string' || !/^[^\s/]+$/.test(address)) {
      throw new UsageError('INVALID_VALUE', `"${address}" is no address to move to: write host or host:port`);
    }
    this.post(paths.move, JSON.stringify(address));
    this.#host.counters.moved += 1;
    this.close();
  }

  #ask(fire: Fire, lost: Lost | undefined): number {
    const { counters, clock, random } = this.#host;
    this.#callbacks ??= new Callbacks(random);
    counters.callbacksCreated += 1;
    return this.#callbacks.add(clock.now(), fire, lost, () => {
      counters.callbacksEvicted += 1;
    });
  }

  #tooSlow(): void {
    this.#host.counters.slow += 1;
    const reason = new LimitError(
      'SLOW_PEER',
      `${this.remote} does not read: ${this.#carrier.unsent} bytes are unsent`,
    );
    this.destroy(reason);
  }

  // ---- in

  ohai(): void {
    this.#state = stepped(clientTable, this.#state, 'ohai');
    this.#host.deadlines.clear(this);
    this.#host.opened(this);
  }

  heard(): void {
    this.heardAt = this.#host.clock.now();
  }

  receive(text: string): void {
    if (this.state !== 'open') return;
    this.#put(text);
    this.#go();
  }

  receiveAll(inbound: readonly (string | Errand)[]): void {
    if (this.state !== 'open') return;
    for (const one of inbound) this.#put(one);
    this.#go();
  }

  awaitRest(rest: 'awaited' | 'here'): void {
    if (rest === 'awaited') this.#host.deadlines.set(this);
    else if (this.state === 'open') this.#host.deadlines.clear(this);
  }

  work(start: number): boolean {
    const { turns, clock } = this.#host;
    for (let count = 1; this.#inbox !== undefined && !this.#isStrained; count += 1) {
      const next = this.#inbox.shift();
      if (next === undefined) break;
      if (typeof next === 'string') this.#host.event(this, next);
      else next();
      if (count >= turns.messages || (count % 16 === 0 && clock.now() - start >= turns.milliseconds)) break;
    }
    this.#hold();
    return this.#hasWork;
  }

  /** What a callback with this id is waited for by; once. */
  takeCallback(id: CallbackId): Fire | undefined {
    return this.#callbacks?.take(id);
  }

  /** A handler's promise is under way. */
  handlerBegins(): void {
    this.#handlers += 1;
  }

  handlerEnds(): void {
    this.#handlers -= 1;
    if (this.state !== 'open' || this.#reading === 'flowing') return;
    this.#go();
  }

  get #isStrained(): boolean {
    return this.#handlers >= this.#host.limits.handlers;
  }

  get #hasWork(): boolean {
    return this.#inbox !== undefined && this.#inbox.length > 0 && !this.#isStrained;
  }

  #put(inbound: string | Errand): void {
    this.#inbox ??= new Fifo();
    this.#inbox.push(inbound);
  }

  #go(): void {
    if (this.#hasWork) this.#host.turns.offer(this);
    this.#hold();
  }

  /** Reads on, or not, as what is here allows. */
  #hold(): void {
    if (this.state !== 'open') return;
    const wanted = this.#isStrained || (this.#inbox?.length ?? 0) > 0 ? 'held' : 'flowing';
    if (wanted === 'flowing') this.#inbox = undefined;
    if (wanted === this.#reading) return;
    this.#reading = wanted;
    if (wanted === 'held') this.#carrier.pause();
    else this.#carrier.resume();
  }

  // ---- time

  tick(now: number): void {
    const { counters, times } = this.#host;
    if (this.#callbacks !== undefined) counters.callbacksExpired += this.#callbacks.prune(now, times.callback);
    this.#carrier.tick(now, this.saidAt);
    if (this.state !== 'open' || this.carrier === 'polling') return;
    const silent = now - this.heardAt;
    if (silent > times.dead) {
      this.close(closes.plain, new NetworkError('SILENT', `nothing came for ${Math.round(silent / 1_000)} s`));
    } else if (silent > times.challenge) this.post(paths.heartbeat, 'null', id => this.answer(id, codes.ok, '', null));
    else if (now - this.saidAt > times.heartbeat) this.write(heartbeatFrame);
  }

  /** The handshake, or the rest of a message, did not come in time. */
  late(): void {
    this.close(closes.timeout, new NetworkError('SILENT', 'the rest of what was said did not come in time'));
  }

  // ---- the end

  close(close: Close = closes.plain, reason?: Error): void {
    if (!this.#attempt('close')) return;
    this.#reason ??= reason;
    this.#retire();
    this.#carrier.close(close);
  }

  destroy(reason?: Error): void {
    this.#attempt('close');
    this.#reason ??= reason;
    this.#retire();
    this.#carrier.destroy(reason);
  }

  gone(reason?: Error): void {
    if (!this.#attempt('gone')) return;
    this.#reason ??= reason;
    this.#retire();
    this.#host.gone(this, this.#reason);
  }

  #attempt(step: ClientStep): boolean {
    const to = clientTable[this.#state][step];
    this.#state = to ?? this.#state;
    return to !== undefined;
  }

  #retire(): void {
    this.#inbox = undefined;
    this.#host.deadlines.clear(this);
    this.#host.retired(this);
    this.#callbacks?.clear(this.#reason ?? new NetworkError('CLOSED', 'the client is gone'));
  }
}
