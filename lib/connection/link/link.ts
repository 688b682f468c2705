// Messages over one open channel: the one place where bytes become handled messages and messages become bytes.
//
//   data → slicer → decode → door → (answer to a request | dispatcher → handler)     reading, in turns
//   send → encode → one write at the end of the turn → channel                       writing
//
//   idle ─start▶ open ─end▶ ended ──────┐ (the other side said its last: the rest is handled first)
//                 │  └─drain▶ draining ─┤
//                 │  └─fail▶ failing ───┼─finish▶ closing ─gone▶ closed
//                 └──────finish─────────┘ (running handlers end first)
//   ended, draining ─fail▶ failing             (the bytes make no sense any more: nothing is read)
//   open, ended ─gone▶ rest ─finish▶ closed    (what had come in before is still handled, as far as nothing holds it)
//   open, ended, draining, failing, closing ─kill▶ dying ─gone▶ closed     idle, draining, failing ─gone▶ closed
//
// A handler's promise holds the link: no further message is handled before it settles. While requests of ours
// wait for answers, reading goes on all the same, answers pass by, and the others are held back in their order. A
// draining link reads on as long as a session waits for confirmations.

import type { Cancel } from '../../base/clock.ts';
import { asError, LimitError, NetworkError, PeerError, reasonOf, TimeoutError } from '../../base/errors.ts';
import { StateMachine } from '../../base/state-table.ts';
import type { Sending, UpgradeFacts } from '../../dispatcher/index.ts';
import { often } from '../../logging/index.ts';
import { encode, type Message } from '../../message/index.ts';
import type { Channel, ChannelEvents } from '../../transport/index.ts';
import type { Unfinished, Worker } from '../connection.ts';
import type { Hold } from './handling.ts';
import { Intake } from './intake.ts';
import type { LinkRole, LinkSettings } from './link-role.ts';
import type { LinkState } from './link-table.ts';
import { linkTable, workingStates } from './link-table.ts';
import { Slice } from './slice.ts';
import { Writing } from './writing.ts';

export class Link implements ChannelEvents, Worker {
  received = 0;
  sent = 0;
  /** Whose it is; a session that comes back makes it another's. */
  role: LinkRole;
  readonly #channel: Channel;
  readonly #settings: LinkSettings;
  readonly #machine = new StateMachine(linkTable, 'idle');
  #usedIntake: Intake | undefined;
  #usedWriting: Writing | undefined;
  #reason: Error | undefined;
  #deadline: Cancel | undefined;
  #waking: 'no' | 'soon' = 'no';

  constructor(channel: Channel, settings: LinkSettings, role: LinkRole) {
    this.#channel = channel;
    this.#settings = settings;
    this.role = role;
  }

  // Made for the first bytes: silent links do without. (V8 does not inline #getters: 8 % more for each message.)
  private get intake(): Intake {
    this.#usedIntake ??= new Intake(this, this.#channel, this.#settings);
    return this.#usedIntake;
  }

  private get writing(): Writing {
    this.#usedWriting ??= new Writing(this.#channel, this);
    return this.#usedWriting;
  }

  get state(): LinkState {
    return this.#machine.state;
  }

  get priority(): number {
    return this.role.priority;
  }

  /** 'full' while the system takes no more bytes (`linkDrained` follows), and when nothing can be sent any more. */
  get outlet(): 'clear' | 'full' {
    return this.canSend ? (this.#usedWriting?.outlet ?? 'clear') : 'full';
  }

  /** Whether it reads at present: a held link does not. */
  get listens(): boolean {
    return !(this.#usedIntake?.reading.paused ?? false);
  }

  /** Lines and messages that had to be refused. */
  get invalid(): number {
    return this.#usedIntake?.handling.invalid ?? 0;
  }

  get unfinished(): Unfinished {
    const bytes = (this.#usedWriting?.waiting ?? 0) + this.#channel.unsent;
    return { messages: 0, bytes, handlers: this.#usedIntake?.handling.hold.running ?? 0 };
  }

  get upgrade(): UpgradeFacts | undefined {
    return this.intake.handling.upgrade;
  }

  /** The running handlers; those of the session's last link hold this one too. */
  get hold(): Hold {
    return this.intake.handling.hold;
  }

  set hold(hold: Hold) {
    hold.link = this;
    this.intake.handling.hold = hold;
  }

  start(): void {
    this.#machine.step('start');
    this.#channel.start(this);
  }

  /** @throws NetworkError CLOSED */
  send(message: Message<unknown>): Sending {
    return this.sendLine(encode(message), message);
  }

  /** Sends a message that was encoded, and perhaps counted with its line feed, before. @throws NetworkError CLOSED */
  sendLine(line: string, message: Message<unknown>, bytes = 0): Sending {
    if (!this.canSend) throw this.#closedError();
    this.#settings.dispatcher.traceSent(message, this.role);
    this.sent += 1;
    this.writing.add(line, bytes);
    return this.writing.outlet === 'clear' ? 'sent' : 'queued';
  }

  /** Handles no further message, lets running handlers finish, sends what waits, closes. */
  drain(): void {
    if (!this.#machine.attempt('drain')) return;
    this.mustEnd();
    this.#finishIfIdle();
    this.wake();
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
    this.intake.reading.clear();
    this.#usedWriting?.clear();
    this.#channel.destroy(reason);
  }

  /** Something that held the link has changed: a handler settled, it was enabled, a request was sent. */
  wake(): void {
    if (this.#waking === 'soon' || this.#usedWriting?.inTurn) return;
    this.#waking = 'soon';
    // Not at once: who sends and asks must not find others' handlers run before its call has returned.
    queueMicrotask(() => {
      this.#waking = 'no';
      if (workingStates.has(this.state)) this.#settings.turns.offer(this);
    });
  }

  // ---- what its handlers need

  /** Whether a message can still go out. */
  get canSend(): boolean {
    const { state } = this;
    return state === 'open' || state === 'ended' || state === 'draining' || state === 'failing';
  }

  /** A handler's promise has settled, or something was confirmed. */
  settled(): void {
    if (this.state === 'draining' || this.state === 'failing') this.#finishIfIdle();
    else this.wake();
  }

  /** Nothing is asked any more. */
  mayFinish(): void {
    if (this.state === 'draining') this.#finishIfIdle();
  }

  failed(error: unknown, message: Message): void {
    this.intake.handling.failed(error, message);
  }

  /** For its writing half. */
  wrote(): void {
    const { unsent } = this.#channel;
    if (unsent <= this.#settings.unsentLimit) return;
    const reason = new LimitError('SLOW_PEER', `${this.role.name} does not read: ${unsent} bytes wait`);
    this.role.logger.log('warn', `closed: ${reason.message}`, { connection: this.role.name, [often]: 'slow' });
    this.destroy(reason);
  }

  // ---- what the channel tells

  data(chunk: Buffer): void {
    if (this.state !== 'open' && this.state !== 'draining') return;
    this.role.session?.heard();
    this.intake.reading.push(chunk);
    // In line, it takes no more than it has: each round of waiting would bring another chunk.
    if (!this.#settings.turns.offer(this)) this.intake.reading.pause();
  }

  ended(): void {
    if (this.#machine.attempt('end')) this.#settings.turns.offer(this);
  }

  drained(): void {
    this.writing.outlet = 'clear';
    this.role.linkDrained();
  }

  closed(reason?: Error): void {
    this.#reason ??= reason;
    this.#deadline?.();
    if (this.#machine.step('gone') === 'rest') this.#settings.turns.offer(this);
    else this.role.linkClosed(this.#reason);
  }

  // ---- reading, in turns

  /** A slice: at most so many messages, and so many milliseconds. */
  work(now: number): boolean {
    const slice = new Slice(this.#settings.turns, this.#settings.clock, now);
    this.writing.beginTurn();
    let outcome: 'more' | 'done' = 'done';
    while (this.#takes()) {
      if (slice.goesOn()) continue;
      outcome = 'more';
      break;
    }
    this.writing.endTurn();
    return this.#afterWork(outcome);
  }

  #afterWork(outcome: 'more' | 'done'): boolean {
    const { state } = this;
    if (!workingStates.has(state)) return false;
    if (outcome === 'more') {
      this.intake.reading.pause();
      return true;
    }
    if (state === 'rest') this.#endRest();
    else if (this.intake.mayHandle()) {
      this.intake.reading.resume();
      if (state === 'ended') this.#finishIfIdle();
    } else if (this.intake.sifts) this.intake.reading.resume();
    else this.intake.reading.pause();
    if (state === 'draining') this.#finishIfIdle();
    return false;
  }

  #takes(): boolean {
    try {
      return this.intake.step();
    } catch (error) {
      this.#giveUp(asError(error));
      return false;
    }
  }

  /** The bytes make no sense any more (a line too long): says so, reads no more, and closes. */
  #giveUp(error: Error): void {
    this.#reason ??= error;
    this.intake.reading.clear();
    if (error instanceof PeerError) {
      this.role.session?.unreadable();
      this.intake.handling.refuse(error);
    } else this.role.logger.log('error', reasonOf(error), { connection: this.role.name, error, [often]: 'given up' });
    if (!this.#machine.attempt('fail')) return;
    this.mustEnd();
    this.#finishIfIdle();
  }

  // ---- the end

  #finishIfIdle(): void {
    if (this.intake.handling.hold.running > 0) return;
    if (this.state === 'draining' && !this.role.settled) return;
    if (!this.#machine.can('finish')) return;
    this.role.lastWord();
    this.#usedWriting?.flush();
    if (!this.#machine.attempt('finish')) return;
    this.mustEnd();
    this.#channel.close();
  }

  /** The channel is gone. What a running handler still holds back is not waited for: it may hold for ever. */
  #endRest(): void {
    this.#machine.step('finish');
    const { left } = this.intake.reading;
    const { logger, name: connection } = this.role;
    if (left > 0) logger.log('warn', `lines received and not handled: ${left}`, { connection, [often]: 'left' });
    this.intake.reading.clear();
    this.role.linkClosed(this.#reason);
  }

  #closedError(): NetworkError {
    const why = this.#reason === undefined ? '' : `: ${this.#reason.message}`;
    return new NetworkError('CLOSED', `${this.role.name} is closed${why}`, { cause: this.#reason });
  }
}
