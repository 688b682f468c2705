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
import type { Correspondent, DispatcherOptions } from '../../../dispatcher/index.ts';
import { Dispatcher } from '../../../dispatcher/index.ts';
import type { Message } from '../../../message/index.ts';
import { answerParameter, encode, requestParameter } from '../../../message/index.ts';
import { Fifo, isUniqueNumber, ReplyCache } from '../../../session/index.ts';
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

interface Known {
  readonly name: string;
  phase: OncePhase;
  /** While it runs: how it ends. */
  run: Promise<unknown> | undefined;
}

/** As many names are remembered: twice what a sender may have under way. */
const mostKnown = 20_000;
/** Longer names are not ours, and are not remembered. */
const longestName = 64;
/** Answers that are kept for repeats: as a listener does for those that ask it (session/README.md). */
const answerLimits = { age: 120_000, count: 1_000, bytes: 16 * 1024 * 1024 };

export class Once {
  /** Messages that had come before. */
  repeated = 0;
  readonly #known = new Map<string, Known>();
  readonly #order = new Fifo<Known>();
  readonly #answers: ReplyCache;
  #notes: OnceNotes | undefined;
  #closed: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#answers = new ReplyCache(answerLimits, clock);
  }

  /** The message with a name of its own; one that has a name keeps it. */
  named(message: Message): Message {
    if (message.has(onceParameter)) return message;
    return message.with({ [onceParameter]: chanceName() });
  }

  /** Goes on with what an earlier life has left on the disk, and notes there what runs from now on. */
  restore(notes: OnceNotes): void {
    this.#notes = notes;
    for (const [name, phase] of notes.recovered) this.#remember(name).phase = phase;
  }

  /** What is noted is on the disk, when it resolves. */
  close(): Promise<void> | undefined {
    this.#closed ??= this.#notes?.close();
    return this.#closed;
  }

  /** Handles a message that has no name, or has not come before; one that has shares the fate of the first. */
  run(message: Message, asker: Correspondent, handle: () => unknown): unknown {
    const request = requestNumber(message);
    const given = message.get(onceParameter) ?? request;
    if (given === undefined || given.length > longestName) return handle();
    const known = this.#known.get(given) ?? this.#remember(given);
    const before = known.phase;
    known.phase = stepped(onceTable, before, 'come');
    if (before === 'fresh') {
      if (request !== undefined) this.#answers.repeats(request, asker);
      return this.#first(known, message, handle);
    }
    this.repeated += 1;
    if (known.phase === 'begun')
      throw new Refusal('an earlier life had begun it, and may have done it', message.command);
    if (request !== undefined) this.#answerAgain(known, request, message, asker);
    return known.run;
  }

  /** A message goes out: where it answers a request, it is kept for repeats of that. */
  sent(message: Message<unknown>): void {
    if (this.#answers.size === 0) return;
    const number = message.get(answerParameter);
    if (number !== undefined && this.#answers.knows(number)) this.#keepAnswer(number, message);
  }

  #first(known: Known, message: Message, handle: () => unknown): unknown {
    let result: unknown;
    try {
      result = this.#notes === undefined ? handle() : this.#notes.around(known.name, handle);
    } catch (error) {
      this.#failed(known, message, error);
      throw error;
    }
    if (!isPromise(result)) {
      this.#end(known, 'handled');
      return result;
    }
    known.run = Promise.resolve(result).then(
      value => {
        this.#end(known, 'handled');
        return value;
      },
      (error: unknown) => {
        this.#failed(known, message, error);
        throw error;
      },
    );
    return known.run;
  }

  #failed(known: Known, message: Message, error: unknown): void {
    this.#end(known, error instanceof Refusal ? 'refused' : 'handled');
    const request = requestNumber(message);
    if (request === undefined || error instanceof Refusal) return;
    // What its link answers by itself.
    const reason = error instanceof PeerError ? error.message : 'the handler failed';
    this.#keepAnswer(request, message.reply('INVALID', { command: message.command, message: reason }));
  }

  #end(known: Known, step: 'handled' | 'refused'): void {
    known.phase = stepped(onceTable, known.phase, step);
    known.run = undefined;
    if (known.phase === 'fresh') this.#forget(known);
  }

  /** @throws Refusal where it was handled so long ago that its answer is gone: it does not run again for that */
  #answerAgain({ phase }: Known, request: string, { command }: Message, asker: Correspondent): void {
    if (this.#answers.knows(request)) this.#answers.repeats(request, asker);
    else if (phase === 'handled') throw new Refusal('it was handled, and its answer is not kept any more', command);
  }

  #keepAnswer(number: string, answer: Message<unknown>): void {
    // Whoever asks, asks over the one link of this service.
    this.#answers.answered(number, answer, Buffer.byteLength(encode(answer)), { send: () => undefined });
  }

  #remember(given: string): Known {
    // A text of its own: the one in the message keeps the chunk that it came in.
    const name = Buffer.from(given).toString();
    const known: Known = { name, phase: 'fresh', run: undefined };
    this.#known.set(name, known);
    this.#order.push(known);
    for (let more = this.#order.length - (this.#notes?.count ?? mostKnown); more > 0; more -= 1) this.#forgetOldest();
    return known;
  }

  #forgetOldest(): void {
    const oldest = this.#order.shift();
    if (oldest?.phase === 'running') this.#order.push(oldest);
    else if (oldest !== undefined) this.#forget(oldest);
  }

  #forget(known: Known): void {
    if (this.#known.get(known.name) !== known) return;
    this.#known.delete(known.name);
    this.#notes?.forget(known.name);
  }
}

/** Rules whose messages run once, where they have a name. */
export class OnceDispatcher extends Dispatcher {
  readonly #once: Once;

  constructor(once: Once, options: DispatcherOptions) {
    super(options);
    this.#once = once;
  }

  override dispatch(message: Message, connection: Correspondent): unknown {
    return this.#once.run(message, connection, () => super.dispatch(message, connection));
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
