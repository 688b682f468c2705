// Messages over one open channel: the one place where bytes become handled messages and messages become bytes.
//
//   data → slicer → decode → door → (answer to a request | dispatcher → handler)     reading, in turns
//   send → encode → one write at the end of the turn → channel                       writing
//
//   idle ─start▶ open ─end▶ ended ──────┐ (the other side said its last: the rest is handled first)
//                 │  └─drain▶ draining ─┼─finish▶ closing ─gone▶ closed
//                 └──────finish─────────┘ (running handlers end first)
//   open, ended ─gone▶ rest ─finish▶ closed    (what had come in before is still handled, as far as nothing holds it)
//   open, ended, draining, closing ─kill▶ dying ─gone▶ closed        idle, draining ─gone▶ closed
//
// A handler's promise holds the link: no further message is handled before it settles. While requests of ours
// wait for answers, reading goes on all the same, answers pass by, and the others are held back in their order.

import type { Cancel } from '../../base/clock.ts';
import { asError, LimitError, NetworkError, PeerError, reasonOf, TimeoutError } from '../../base/errors.ts';
import { StateMachine } from '../../base/state-table.ts';
import type { Sending } from '../../dispatcher/index.ts';
import { bytesOf, LineSlicer } from '../../framing/index.ts';
import type { Message } from '../../message/index.ts';
import { decode, encode } from '../../message/index.ts';
import type { Channel, ChannelEvents } from '../../transport/index.ts';
import type { Unfinished, Worker } from '../connection.ts';
import { Handling } from './handling.ts';
import type { LinkRole, LinkSettings } from './link-role.ts';
import type { LinkState } from './link-table.ts';
import { linkTable, workingStates } from './link-table.ts';
import { Reading } from './reading.ts';
import { Slice } from './slice.ts';

/** Output is handed on when this many characters have come together, or at the end of the turn. */
const longestBatch = 64 * 1024;

export class Link implements ChannelEvents, Worker {
  received = 0;
  sent = 0;
  readonly #channel: Channel;
  readonly #settings: LinkSettings;
  readonly #role: LinkRole;
  readonly #machine = new StateMachine(linkTable, 'idle');
  #heardHandling: Handling | undefined;
  #heardReading: Reading | undefined;
  #out = '';
  #flushing: 'none' | 'soon' | 'at turn end' = 'none';
  #outlet: 'clear' | 'full' = 'clear';
  #reason: Error | undefined;
  #deadline: Cancel | undefined;

  constructor(channel: Channel, settings: LinkSettings, role: LinkRole) {
    this.#channel = channel;
    this.#settings = settings;
    this.#role = role;
  }

  // Made for the first bytes: silent links do without. (V8 does not inline #getters: 8 % more for each message.)
  private get handling(): Handling {
    this.#heardHandling ??= new Handling(this, this.#settings, this.#role);
    return this.#heardHandling;
  }

  private get reading(): Reading {
    this.#heardReading ??= new Reading(this.#channel, new LineSlicer(this.#settings.longestLine));
    return this.#heardReading;
  }

  get state(): LinkState {
    return this.#machine.state;
  }

  get priority(): number {
    return this.#role.priority;
  }

  /** 'full' while the system takes no more bytes (`linkDrained` follows), and when nothing can be sent any more. */
  get outlet(): 'clear' | 'full' {
    return this.canSend ? this.#outlet : 'full';
  }

  /** Lines and messages that had to be refused. */
  get invalid(): number {
    return this.#heardHandling?.invalid ?? 0;
  }

  get unfinished(): Unfinished {
    return { messages: 0, bytes: this.#out.length + this.#channel.unsent, handlers: this.#heardHandling?.running ?? 0 };
  }

  start(): void {
    this.#machine.step('start');
    this.#channel.start(this);
  }

  /** @throws NetworkError CLOSED */
  send(message: Message<unknown>): Sending {
    if (!this.canSend) throw this.#closedError();
    this.#settings.dispatcher.traceSent(message, this.#role);
    this.#out += `${encode(message)}\n`;
    this.sent += 1;
    if (this.#out.length >= longestBatch) this.#flush();
    else if (this.#flushing === 'none') {
      this.#flushing = 'soon';
      queueMicrotask(() => {
        this.#flushing = 'none';
        this.#flush();
      });
    }
    return this.#outlet === 'clear' ? 'sent' : 'queued';
  }

  /** Handles no further message, lets running handlers finish, sends what waits, closes. */
  drain(): void {
    if (!this.#machine.attempt('drain')) return;
    this.mustEnd();
    this.#finishIfIdle();
  }

  /** From now on it has the time of a drain to end, then it is destroyed. */
  mustEnd(): void {
    this.#deadline ??= this.#settings.clock.after(this.#settings.drainTime, () =>
      this.destroy(new TimeoutError('DRAIN_TIMEOUT', 'the other side did not take the rest in time')),
    );
  }

  destroy(reason?: Error): void {
    this.#reason ??= reason;
    this.#machine.attempt('kill');
    this.reading.clear();
    this.#out = '';
    this.#channel.destroy(reason);
  }

  /** Something that held the link has changed: a handler settled, it was enabled, a request was sent. */
  wake(): void {
    if (this.#flushing === 'at turn end') return;
    if (workingStates.has(this.state)) this.#settings.turns.offer(this);
  }

  // ---- what its handlers need

  /** Whether a message can still go out. */
  get canSend(): boolean {
    const { state } = this;
    return state === 'open' || state === 'ended' || state === 'draining';
  }

  /** A handler's promise has settled. */
  settled(): void {
    if (this.state === 'draining') this.#finishIfIdle();
    else this.wake();
  }

  // ---- what the channel tells

  data(chunk: Buffer): void {
    if (this.state !== 'open' && this.state !== 'draining') return;
    this.reading.push(chunk);
    // In line, it takes no more than it has: each round of waiting would bring another chunk.
    if (!this.#settings.turns.offer(this)) this.reading.pause();
  }

  ended(): void {
    if (this.#machine.attempt('end')) this.#settings.turns.offer(this);
  }

  drained(): void {
    this.#outlet = 'clear';
    this.#role.linkDrained();
  }

  closed(reason?: Error): void {
    this.#reason ??= reason;
    this.#deadline?.();
    if (this.#machine.step('gone') === 'rest') this.#settings.turns.offer(this);
    else this.#role.linkClosed(this.#reason);
  }

  // ---- reading, in turns

  /** A slice: at most so many messages, and so many milliseconds. */
  work(now: number): boolean {
    const slice = new Slice(this.#settings.turns, this.#settings.clock, now);
    this.#flushing = 'at turn end';
    let outcome: 'more' | 'done' = 'done';
    while (this.#step()) {
      if (slice.goesOn()) continue;
      outcome = 'more';
      break;
    }
    this.#flushing = 'none';
    this.#flush();
    return this.#afterWork(outcome);
  }

  #afterWork(outcome: 'more' | 'done'): boolean {
    const { state } = this;
    if (!workingStates.has(state)) return false;
    if (outcome === 'more') {
      this.reading.pause();
      return true;
    }
    if (state === 'rest') this.#endRest();
    else if (this.#mayHandle()) {
      this.reading.resume();
      if (state === 'ended') this.#finishIfIdle();
    } else if (this.#role.enabled && this.#role.awaiting > 0 && this.reading.roomToHold) this.reading.resume();
    else this.reading.pause();
    return false;
  }

  /** Reads and handles one message; false when there is none to handle now. */
  #step(): boolean {
    try {
      if (this.#mayHandle()) {
        const held = this.reading.takeHeld();
        if (held === undefined && !this.reading.next()) return false;
        const message = held ?? this.#decode();
        if (message !== undefined) this.handling.handle(message);
        return true;
      }
      return this.#sift();
    } catch (error) {
      this.#giveUp(asError(error));
      return false;
    }
  }

  /** Held by a handler that may itself wait for an answer: lets answers through, keeps the rest in its order. */
  #sift(): boolean {
    const { enabled, awaiting } = this.#role;
    if (!enabled || awaiting === 0 || !this.reading.roomToHold || !this.reading.next()) return false;
    const message = this.#decode();
    if (message === undefined) return true;
    if (this.#role.answered(message)) this.received += 1;
    else this.reading.hold(message);
    return true;
  }

  #mayHandle(): boolean {
    const { state } = this;
    if (state !== 'open' && state !== 'ended' && state !== 'rest') return false;
    return this.#role.enabled && this.handling.running < this.#settings.concurrency;
  }

  /** The present line as a message; undefined for an empty one, and for one that had to be refused. */
  #decode(): Message | undefined {
    const { text, start, end } = this.reading.slicer;
    try {
      return decode(text, start, end);
    } catch (error) {
      this.handling.refuse(error as PeerError);
      return undefined;
    }
  }

  /** The bytes make no sense any more (a line too long): says so, and closes. */
  #giveUp(error: Error): void {
    this.#reason ??= error;
    this.reading.clear();
    if (error instanceof PeerError) this.handling.refuse(error);
    else this.#role.logger.log('error', reasonOf(error), { connection: this.#role.name, error });
    this.drain();
  }

  // ---- writing, and the end

  #flush(): void {
    if (this.#out === '') return;
    const bytes = bytesOf(this.#out);
    this.#out = '';
    if (!this.#channel.send(bytes)) this.#outlet = 'full';
    const { unsent } = this.#channel;
    if (unsent <= this.#settings.unsentLimit) return;
    const reason = new LimitError('SLOW_PEER', `${this.#role.name} does not read: ${unsent} bytes wait`);
    this.#role.logger.log('warn', `closed: ${reason.message}`, { connection: this.#role.name });
    this.destroy(reason);
  }

  #finishIfIdle(): void {
    if (this.handling.running > 0) return;
    this.#flush();
    if (!this.#machine.attempt('finish')) return;
    this.mustEnd();
    this.#channel.close();
  }

  /** The channel is gone. What a running handler still holds back is not waited for: it may hold for ever. */
  #endRest(): void {
    this.#machine.step('finish');
    const { left } = this.reading;
    const { logger, name } = this.#role;
    if (left > 0) logger.log('warn', `lines received and not handled: ${left}`, { connection: name });
    this.reading.clear();
    this.#role.linkClosed(this.#reason);
  }

  #closedError(): NetworkError {
    const why = this.#reason === undefined ? '' : `: ${this.#reason.message}`;
    return new NetworkError('CLOSED', `${this.#role.name} is closed${why}`, { cause: this.#reason });
  }
}
