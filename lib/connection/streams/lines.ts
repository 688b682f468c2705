// The lines of a stream of node: our standard input, a pipe, a socket of somebody else's making.
//
//   idle ─start▶ reading ─end▶ rest ─done▶ closed        from each: ─stop, fail▶ closed
//
// A line is handled when the one before it is: while the promise of a handler is open the stream is not read, so that
// whoever writes has to wait. In `rest` the stream has ended, and lines of it are left. What writes needs no source:
// nobody waits for it but the one who writes.

import type { Readable } from 'node:stream';
import { asError, NetworkError, reasonOf } from '../../base/errors.ts';
import { isPromise } from '../../base/guard.ts';
import { refuseUnknown, wholeInRange } from '../../base/options.ts';
import type { StateTable } from '../../base/state-table.ts';
import { StateMachine } from '../../base/state-table.ts';
import { LineSlicer, longestLine } from '../../framing/index.ts';
import type { ConnectionOptions, Owner, Unfinished, Worker } from '../connection.ts';
import { Connection, nothingUnfinished } from '../connection.ts';
import { Slice } from '../link/slice.ts';

export type LinesState = 'idle' | 'reading' | 'rest' | 'closed';
type LinesStep = 'start' | 'end' | 'done' | 'fail' | 'stop';

export const linesTable: StateTable<LinesState, LinesStep> = {
  idle: { start: 'reading', fail: 'closed', stop: 'closed' },
  reading: { end: 'rest', fail: 'closed', stop: 'closed' },
  rest: { done: 'closed', fail: 'closed', stop: 'closed' },
  closed: {},
};

export interface LinesOptions extends ConnectionOptions {
  /** Longest line in bytes; a longer one is an error of the stream. @default 1 MiB */
  readonly longest?: number | undefined;
}

/** `close` is once, last; with a reason where it was not the end of the stream, nor `stop`. */
export type LinesEvents = { close: [reason: Error | undefined] };

export class Lines extends Connection<LinesEvents> implements Worker {
  readonly #stream: Readable;
  readonly #handler: (line: string) => unknown;
  readonly #slicer: LineSlicer;
  readonly #machine = new StateMachine(linesTable, 'idle');
  #handling: 'none' | 'open' = 'none';
  #count = 0;

  /** The stream is destroyed at the end. @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE */
  constructor(stream: Readable, handler: (line: string) => unknown, options: LinesOptions = {}) {
    super('lines', { name: options.name, priority: options.priority });
    refuseUnknown('lines', { name: 0, priority: 0, longest: 0 }, options);
    this.#slicer = new LineSlicer(wholeInRange('longest', options.longest ?? longestLine, 1, 1024 ** 3));
    this.#stream = stream;
    this.#handler = handler;
  }

  get state(): LinesState {
    return this.#machine.state;
  }

  get unfinished(): Unfinished {
    return this.#handling === 'none' ? nothingUnfinished : { messages: 0, bytes: 0, handlers: 1 };
  }

  stop(): void {
    if (this.#machine.attempt('stop')) this.#end(undefined);
  }

  destroy(): void {
    this.stop();
  }

  /** For the turns of the communicator. */
  work(now: number): boolean {
    const owner = this.owner as Owner;
    const slice = new Slice(owner.turns, owner.clock, now);
    try {
      while (this.#takes()) if (!slice.goesOn()) return true;
    } catch (error) {
      this.#failed(error);
    }
    return false;
  }

  protected override begin(owner: Owner): void {
    this.#machine.step('start');
    const failed = (error: Error): void => this.#failed(error);
    this.#stream
      .on('data', (chunk: Buffer | string) => {
        this.#slicer.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
        if (!owner.turns.offer(this)) this.#stream.pause();
      })
      .on('end', () => this.#ended(owner))
      .on('error', failed)
      .on('close', () => {
        if (this.state === 'reading') failed(new Error('it was closed before its end'));
      });
    if (this.#stream.destroyed || this.#stream.readableEnded) failed(new Error('it has ended already'));
  }

  protected override enabledChanged(): void {
    if (!this.enabled) this.#stream.pause();
    else this.#goOn();
  }

  protected override details(): object {
    return { count: this.#count };
  }

  /** Handles a line, if there is one and it may; false where it has to wait. */
  #takes(): boolean {
    const { state } = this;
    if (this.#handling === 'open' || !this.enabled || (state !== 'reading' && state !== 'rest')) return false;
    if (!this.#slicer.next()) {
      if (state === 'reading') this.#stream.resume();
      else if (this.#machine.attempt('done')) this.#end(undefined);
      return false;
    }
    const { text, start, end } = this.#slicer;
    this.#count += 1;
    this.#handle(text.slice(start, end).replace(/\r$/, ''));
    return true;
  }

  #handle(line: string): void {
    const failed = (error: unknown): void => {
      this.log('error', `handler of a line failed: ${reasonOf(error)}`, { error });
    };
    const settled = (): void => {
      this.#handling = 'none';
      this.#goOn();
    };
    try {
      const result = this.#handler(line);
      if (!isPromise(result)) return;
      this.#handling = 'open';
      this.#stream.pause();
      Promise.resolve(result).catch(failed).finally(settled);
    } catch (error) {
      failed(error);
    }
  }

  #goOn(): void {
    if (this.state === 'reading' || this.state === 'rest') this.owner?.turns.offer(this);
  }

  #ended(owner: Owner): void {
    // A last line may have no line feed.
    if (this.#slicer.waiting > 0) this.#slicer.push(Buffer.from('\n'));
    if (this.#machine.attempt('end')) owner.turns.offer(this);
  }

  #failed(thrown: unknown): void {
    if (!this.#machine.attempt('fail')) return;
    const error = asError(thrown);
    const reason = new NetworkError('CLOSED', `${this.name}: ${error.message}`, { cause: error });
    this.log('error', reason.message, { error });
    this.#end(reason);
  }

  #end(reason: Error | undefined): void {
    this.#stream.on('error', () => undefined).destroy();
    this.owner?.ended(this, reason);
    this.tell('close', reason);
  }
}
