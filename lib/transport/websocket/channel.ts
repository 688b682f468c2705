// One WebSocket connection as a channel: a `send` is a message, a message is a `data`.
//
//   open ─end▶ ended ─hear, close, fail▶ closing ─gone▶ closed      ended: our close frame is out, theirs is awaited
//     ├─hear▶ heard ─end, close▶ closing                            heard: theirs came; what it followed can be answered
//     └─close, fail▶ closing
//   open, ended, heard, closing ─kill▶ dying ─gone▶ closed            open, ended, heard ─gone▶ closed
//
// The flow of data is `early` until the owner starts, then `flowing` or `paused`. What is read while it does not
// flow (the rest of a chunk, at most) waits in its order in `#arrivals`, the end too.

import type { Socket } from 'node:net';
import { NetworkError } from '../../base/errors.ts';
import { StateMachine } from '../../base/state-table.ts';
import { lingerTime, resetSocket } from '../socket-channel.ts';
import { tlsReason } from '../tls/reasons.ts';
import type { Certificate } from '../transport.ts';
import type { Arrival } from './channel-table.ts';
import { flowTable, frameChannelTable } from './channel-table.ts';
import type { LastWord } from './close-code.ts';
import { checkedCode, cutReason, noCode, noFrame } from './close-code.ts';
import type { FrameChannel, FrameEvents, UpgradeRequest } from './frame-channel.ts';
import type { ChannelSettings, CloseWord, FrameRules } from './frame-rules.ts';
import { ordinaryRules, Pings, tooManyPings, wordForError, wordForFault } from './frame-rules.ts';
import type { HalfFrameOwner } from './half-frame.ts';
import { HalfFrame } from './half-frame.ts';
import type { LateSocket, SocketOwner } from './library.ts';
import { own } from './library.ts';
import { Outlet } from './outlet.ts';

export class WebSocketChannel extends Outlet implements FrameChannel, SocketOwner, HalfFrameOwner {
  readonly remote: string;
  readonly request: UpgradeRequest | undefined;
  readonly protocol: string;
  readonly certificate: Certificate | undefined;
  readonly #rules: FrameRules;
  readonly #life = new StateMachine(frameChannelTable, 'open');
  readonly #flow = new StateMachine(flowTable, 'early');
  #events: FrameEvents | undefined;
  /** Made with the first, and away with the last. */
  #arrivals: Arrival[] | undefined;
  /** The other side's close frame, once the owner was told of it. */
  #heard: LastWord | undefined;
  #fault: Error | undefined;
  #reason: Error | undefined;
  #pings: Pings | undefined;
  #half: HalfFrame | undefined;
  #lingering: NodeJS.Timeout | undefined;

  /** Takes over a WebSocket in the moment in which it is open. */
  constructor(ws: LateSocket, socket: Socket, settings: ChannelSettings) {
    const { remote, frames, side, request, certificate, rules = ordinaryRules } = settings;
    super(ws, socket, frames, side);
    this.remote = remote;
    this.request = request;
    this.certificate = certificate;
    this.protocol = ws.protocol;
    this.#rules = rules;
    ws.pause();
    own(ws, socket, this, rules.half > 0 ? 'followed' : 'unfollowed');
  }

  get unsent(): number {
    return this.#life.state === 'closed' ? 0 : this.socket.writableLength;
  }

  start(events: FrameEvents): void {
    this.#flow.step('start');
    this.#events = events;
    queueMicrotask(() => {
      this.#read();
      if (!this.socket.writableNeedDrain) this.drained();
    });
  }

  pause(): void {
    if (this.#flow.attempt('pause')) this.ws.pause();
  }

  resume(): void {
    if (this.#flow.attempt('resume')) queueMicrotask(() => this.#read());
  }

  close(linger: number = lingerTime): void {
    this.#close({ code: undefined, reason: '' }, linger);
  }

  closeWith(code?: number, reason = ''): void {
    this.#close({ code: code === undefined ? undefined : checkedCode(code), reason: cutReason(reason) }, lingerTime);
  }

  end(): void {
    if (!this.#life.can('end')) return;
    this.#conclude(undefined, '');
    if (this.#life.step('end') === 'closing') this.#linger(lingerTime);
  }

  destroy(reason?: Error): void {
    if (!this.#life.attempt('kill')) return;
    this.#reason ??= reason;
    this.#forget();
    this.release();
    this.ws.terminate();
  }

  reset(): void {
    const { state } = this.#life;
    if (state !== 'open' && state !== 'heard') return this.destroy();
    this.#life.step('kill');
    this.#forget();
    resetSocket(this.socket);
  }

  /** Frees what nobody will read; that the socket is gone is still to be told. */
  #forget(): void {
    this.#arrivals = this.#arrivals?.filter(({ kind }) => kind === 'gone');
  }

  // ---- what the socket tells

  concluded(code: number | undefined, reason: string): void {
    // Whether it was a close frame or a fault is known a moment later, when ws tells the fault.
    this.#arriveSoon(() =>
      this.#fault === undefined
        ? { kind: 'end', code: code ?? noCode, reason }
        : { kind: 'fault', word: wordForError(this.#rules, this.#fault, code) },
    );
  }

  received(bytes: Buffer, isBinary: boolean): void {
    if (!this.#reads) return;
    if (isBinary && this.#rules.taken === 'whole-text')
      this.#refuse('a binary frame', wordForFault(this.#rules, 'kind'));
    else if (this.#flow.state === 'flowing' && this.#arrivals === undefined) this.#events?.data(bytes);
    else this.#arrive({ kind: 'data', bytes });
  }

  controlled(what: 'a ping' | 'a pong', ping?: Buffer): void {
    if (this.#rules.taken === 'whole-text') this.#refuse(what, wordForFault(this.#rules, 'kind'));
    else {
      this.#pings ??= new Pings();
      if (!this.#pings.count(performance.now())) this.#refuse(...tooManyPings);
      else if (ping !== undefined && this.speaks) this.answer(ping);
    }
  }

  left(code: number, reason: string): void {
    this.#half?.forget();
    this.#arriveSoon(() => ({ kind: 'gone', code, reason }));
  }

  followed(chunk: Buffer): void {
    this.#half = HalfFrame.after(chunk, this.#half, this.#rules.half, this);
  }

  get isHeld(): boolean {
    return this.#flow.state !== 'flowing' && !this.socket.destroyed;
  }

  halfStopped(): void {
    if (!this.socket.destroyed) this.#refuse('no more than half a frame', wordForFault(this.#rules, 'half'));
  }

  unreadable(error: Error): void {
    this.#fault = error;
    if (this.#reads) this.failed(error);
  }

  /** What came can be read, and is not taken; what came before it is told first. */
  #refuse(what: string, word: CloseWord): void {
    if (!this.#reads) return;
    this.failed(new Error(`${what} came, which is not taken here`));
    this.#arrive({ kind: 'fault', word });
    queueMicrotask(() => this.#read());
  }

  failed(error: Error): void {
    const { state } = this.#life;
    if (state === 'closing' || state === 'dying') return;
    this.#reason ??= new NetworkError('CLOSED', `${this.remote}: ${tlsReason(error)}`, { cause: error });
  }

  drained(): void {
    this.pong();
    if (this.#events === undefined || !this.wasFull()) return;
    if (this.#stillListens) this.#events.drained();
  }

  // ---- reading, in order

  get #reads(): boolean {
    return this.#life.state === 'open' || this.#life.state === 'ended';
  }

  protected override get speaks(): boolean {
    return this.#life.state === 'open' || this.#life.state === 'heard';
  }

  #arriveSoon(arrival: () => Arrival): void {
    queueMicrotask(() => {
      this.#arrive(arrival());
      this.#read();
    });
  }

  #arrive(arrival: Arrival): void {
    this.#arrivals ??= [];
    this.#arrivals.push(arrival);
  }

  #read(): void {
    for (let next = this.#arrivals?.[0]; next !== undefined && this.#mayTake(next); next = this.#arrivals?.[0]) {
      this.#arrivals?.shift();
      this.#take(next);
    }
    if (this.#arrivals?.length === 0) this.#arrivals = undefined;
    if (this.#flow.state === 'flowing' && this.#arrivals === undefined && this.ws.isPaused) this.ws.resume();
  }

  /** Nothing is kept back once the connection is gone, or for an owner who closed; `closed` waits for its owner. */
  #mayTake({ kind }: Arrival): boolean {
    if (this.#events === undefined) return !this.#reads && kind !== 'gone';
    return !this.#reads || this.#flow.state === 'flowing' || this.#arrivals?.at(-1)?.kind === 'gone';
  }

  #take(arrival: Arrival): void {
    if (arrival.kind === 'data') {
      if (this.#reads) this.#events?.data(arrival.bytes);
    } else if (arrival.kind === 'end') this.#hear(arrival);
    else if (arrival.kind === 'fault') this.#giveUp(arrival.word);
    else this.#gone(arrival);
  }

  #hear({ code, reason }: LastWord): void {
    const { state } = this.#life;
    if (state === 'dying') return;
    this.#heard = { code, reason };
    this.#life.attempt('hear');
    // Both have ended now: this ends the socket.
    if (this.#life.state === 'closing') this.ws.conclude();
    if (state === 'ended') this.#linger(lingerTime);
    this.#events?.closing?.(code, reason);
    // The owner may have closed in `closing`; one that pauses hears no end.
    if (state !== 'closing' && this.#flow.state === 'flowing' && this.#stillListens) this.#events?.ended();
  }

  get #stillListens(): boolean {
    return this.#life.state !== 'dying' && this.#life.state !== 'closed';
  }

  #giveUp({ code, reason = '' }: CloseWord): void {
    if (!this.#life.attempt('fail')) return;
    this.ws.conclude(code, code === undefined ? undefined : reason);
    // The owner knows nothing of this close, so it does not wait for a reader that may never come.
    this.#lingering ??= setTimeout(() => this.ws.terminate(), lingerTime);
  }

  #gone({ code, reason }: LastWord): void {
    clearTimeout(this.#lingering);
    if (this.#heard === undefined && this.#life.state !== 'dying') {
      if (code !== noFrame) this.#hear({ code, reason });
      else this.#endedWithoutAWord();
    }
    this.#life.step('gone');
    this.#events?.closed(this.#reason);
  }

  #endedWithoutAWord(): void {
    if (this.#reads) this.failed(new Error('the connection ended without a close frame'));
    this.#events?.closing?.(noFrame, '');
  }

  // ---- closing

  #close({ code, reason }: { readonly code: number | undefined; readonly reason: string }, linger: number): void {
    if (!this.#life.can('close')) return;
    this.#conclude(code, reason);
    this.#life.step('close');
    this.#linger(linger);
    // What is still to come is thrown away, but for the other side's close frame.
    this.ws.resume();
    queueMicrotask(() => this.#read());
  }

  /** An answer has the code that came, where it is given none. */
  #conclude(code: number | undefined, reason: string): void {
    const came = this.#heard?.code === noCode || this.#rules.closing === 'empty' ? undefined : this.#heard?.code;
    const said = code ?? came;
    this.ws.conclude(said, said === undefined ? undefined : reason);
  }

  /** After the last byte went out, the other side has a while to close too. */
  #linger(time: number): void {
    clearTimeout(this.#lingering);
    this.#lingering = setTimeout(() => (this.unsent === 0 ? this.ws.terminate() : this.#linger(time)), time);
  }
}
