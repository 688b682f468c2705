// Messages that must run once: each has a name in the world, and the names of the last ones are remembered. Requests have
// one too: their number.
//
//   fresh ─come▶ running ─handled▶ handled      its handler has ended, or has thrown (INVALID went back)
//     ▲             │ └──come▶ running           a repeat waits for the first run, and ends as that does
//     └───refused───┘                            a Refusal: it was not taken, and may come again
//   handled ─come▶ handled                       a repeat is confirmed, and not run; a request gets its answer again
//   begun ─come▶ begun                           an earlier life had begun it (once-notes.ts): refused, for nobody knows its end
//
// Names by themselves, and not the highest number: a message that went to another process of the same service, which died
// before it handled it, comes here late, behind younger ones. They cannot be guessed: whoever sends a message under the name of
// another that is yet to come would have that one left aside.

import { chanceName } from '../../../base/chance-name.ts';
import type { Clock } from '../../../base/clock.ts';
import { PeerError, Refusal } from '../../../base/errors.ts';
import { isPromise } from '../../../base/guard.ts';
import type { StateTable } from '../../../base/state-table.ts';
import { stepped } from '../../../base/state-table.ts';
import type { Correspondent, DispatcherOptions, Handler } from '../../../dispatcher/index.ts';
import { Dispatcher } from '../../../dispatcher/index.ts';
import type { Message } from '../../../message/index.ts';
import { answerParameter, encode, requestParameter } from '../../../message/index.ts';
import { isUniqueNumber, ReplyCache } from '../../../session/index.ts';
import { onceParameter } from '../wire.ts';
import type { OnceNotes } from './once-notes.ts';

export type OncePhase = 'fresh' | 'running' | 'handled' | 'begun';
type OnceStep = 'come' | 'handled' | 'refused';

export const onceTable: StateTable<OncePhase, OnceStep> = {
  fresh: { come: 'running' },
  running: { come: 'running', handled: 'handled', refused: 'fresh' },
  handled: { come: 'handled' },
  begun: { come: 'begun' },
};

/** As many names are remembered: twice what a sender may have under way. */
const mostKnown = 20_000;
/** Longer names are not ours, and are not remembered. */
const longestName = 64;
/** A longer one may be a part of the text that it came in, and holds all of that in memory. */
const longestOwn = 12;
/** Answers that are kept for repeats: as a listener does for those that ask it (session/README.md). */
const answerLimits = { age: 120_000, count: 1_000, bytes: 16 * 1024 * 1024 };

export class Once {
  /** Messages that had come before. */
  repeated = 0;
  /** Names and their phases, the oldest first. */
  readonly #known = new Map<string, OncePhase>();
  /** Goes along them once: what it has passed is forgotten, or stands behind. (Each new walk would go over all that is gone.) */
  #oldest = this.#known.keys();
  /** How those end whose handlers gave promises. */
  readonly #runs = new Map<string, Promise<unknown>>();
  readonly #answers: ReplyCache;
  #notes: OnceNotes | undefined;
  #closed: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#answers = new ReplyCache(answerLimits, clock);
  }

  /** The message with a name of its own; one that has a name keeps it. */
  named(message: Message): Message {
    if (message.has(onceParameter)) return message;
    return message.plus(onceParameter, chanceName());
  }

  /** Goes on with what an earlier life has left on the disk, and notes there what runs from now on. */
  restore(notes: OnceNotes): void {
    this.#notes = notes;
    for (const [name, phase] of notes.recovered) this.#remember(name, phase);
  }

  /** What is noted is on the disk, when it resolves. */
  close(): Promise<void> | undefined {
    this.#closed ??= this.#notes?.close();
    return this.#closed;
  }

  /** Handles a message that has no name, or has not come before; one that has shares the fate of the first. */
  run(message: Message, asker: Correspondent, handle: Handler): unknown {
    const request = requestNumber(message);
    const given = message.get(onceParameter) ?? request;
    if (given === undefined || given.length > longestName) return handle(message, asker);
    const before = this.#known.get(given) ?? 'fresh';
    const phase = stepped(onceTable, before, 'come');
    if (before === 'fresh') {
      const name = this.#remember(given, phase);
      if (request !== undefined) this.#answers.repeats(request, asker);
      return this.#first(name, message, asker, handle);
    }
    this.repeated += 1;
    if (phase === 'begun') throw new Refusal('an earlier life had begun it, and may have done it', message.command);
    if (request !== undefined) this.#answerAgain(phase, request, message, asker);
    return this.#runs.get(given);
  }

  /** A message goes out: where it answers a request, it is kept for repeats of that. */
  sent(message: Message<unknown>): void {
    if (this.#answers.size === 0) return;
    const number = message.get(answerParameter);
    if (number !== undefined && this.#answers.knows(number)) this.#keepAnswer(number, message);
  }

  #first(name: string, message: Message, asker: Correspondent, handle: Handler): unknown {
    let result: unknown;
    try {
      const notes = this.#notes;
      result = notes === undefined ? handle(message, asker) : notes.around(name, () => handle(message, asker));
    } catch (error) {
      this.#failed(name, message, error);
      throw error;
    }
    if (!isPromise(result)) {
      this.#end(name, 'handled');
      return result;
    }
    const run = Promise.resolve(result).then(
      value => {
        this.#end(name, 'handled');
        return value;
      },
      (error: unknown) => {
        this.#failed(name, message, error);
        throw error;
      },
    );
    this.#runs.set(name, run);
    return run;
  }

  #failed(name: string, message: Message, error: unknown): void {
    this.#end(name, error instanceof Refusal ? 'refused' : 'handled');
    const request = requestNumber(message);
    if (request === undefined || error instanceof Refusal) return;
    // What its link answers by itself.
    const reason = error instanceof PeerError ? error.message : 'the handler failed';
    this.#keepAnswer(request, message.reply('INVALID', { command: message.command, message: reason }));
  }

  #end(name: string, step: 'handled' | 'refused'): void {
    const phase = stepped(onceTable, this.#known.get(name) ?? 'fresh', step);
    this.#runs.delete(name);
    if (phase === 'fresh') this.#forget(name);
    else this.#known.set(name, phase);
  }

  /** @throws Refusal where it was handled so long ago that its answer is gone: it does not run again for that */
  #answerAgain(phase: OncePhase, request: string, { command }: Message, asker: Correspondent): void {
    if (this.#answers.knows(request)) this.#answers.repeats(request, asker);
    else if (phase === 'handled') throw new Refusal('it was handled, and its answer is not kept any more', command);
  }

  #keepAnswer(number: string, answer: Message<unknown>): void {
    // Whoever asks, asks over the one link of this service.
    this.#answers.answered(number, answer, Buffer.byteLength(encode(answer)), { send: () => undefined });
  }

  /** Gives the name as a text of its own. */
  #remember(given: string, phase: OncePhase): string {
    const name = given.length <= longestOwn ? given : Buffer.from(given).toString();
    this.#known.set(name, phase);
    for (let more = this.#known.size - (this.#notes?.count ?? mostKnown); more > 0; more -= 1) this.#forgetOldest();
    return name;
  }

  /** One that runs is the youngest now. */
  #forgetOldest(): void {
    const { value: oldest } = this.#oldest.next();
    if (oldest === undefined) return;
    const phase = this.#known.get(oldest);
    if (phase !== 'running') return this.#forget(oldest);
    this.#known.delete(oldest);
    this.#known.set(oldest, phase);
  }

  #forget(name: string): void {
    this.#known.delete(name);
    this.#notes?.forget(name);
  }
}

/** Rules whose messages run once, where they have a name. */
export class OnceDispatcher extends Dispatcher {
  readonly #once: Once;
  readonly #handle: Handler = (message, connection) => super.dispatch(message, connection);

  constructor(once: Once, options: DispatcherOptions) {
    super(options);
    this.#once = once;
  }

  override dispatch(message: Message, connection: Correspondent): unknown {
    return this.#once.run(message, connection, this.#handle);
  }

  override outgoing(message: Message<unknown> | string): Message<unknown> {
    const whole = super.outgoing(message);
    this.#once.sent(whole);
    return whole;
  }
}

/** The number of a request, where nobody else in the world uses it. */
function requestNumber(message: Message): string | undefined {
  const number = message.get(requestParameter);
  return number !== undefined && isUniqueNumber(number) ? number : undefined;
}
