// Two streams of node as one channel: what comes in on the one, what goes out on the other.
//
//   each half:   open ─over▶ over       closed is told once both are over, or after `destroy`

import type { Readable, Writable } from 'node:stream';
import { NetworkError, reasonOf } from '../../base/errors.ts';
import type { StateTable } from '../../base/state-table.ts';
import { StateMachine } from '../../base/state-table.ts';
import { lingerTime } from '../socket-channel.ts';
import type { Channel, ChannelEvents } from '../transport.ts';

export const halfTable: StateTable<'open' | 'over', 'over'> = { open: { over: 'over' }, over: {} };

export class StdioChannel implements Channel {
  readonly remote: string;
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #reading = new StateMachine(halfTable, 'open');
  readonly #writing = new StateMachine(halfTable, 'open');
  readonly #over: () => void;
  #events: ChannelEvents | undefined;
  #reason: Error | undefined;

  /** `over` is called once both are over. */
  constructor(input: Readable, output: Writable, remote: string, over: () => void) {
    this.remote = remote;
    this.#input = input;
    this.#output = output;
    this.#over = over;
    for (const stream of [input, output]) stream.on('error', error => this.#failed(error));
    input.on('close', () => this.#half(this.#reading));
    output.on('close', () => this.#half(this.#writing)).on('finish', () => this.#half(this.#writing));
  }

  get unsent(): number {
    return this.#isOver ? 0 : this.#output.writableLength;
  }

  start(events: ChannelEvents): void {
    this.#events = events;
    if (this.#isOver) return queueMicrotask(() => events.closed(this.#reason));
    this.#output.on('drain', () => events.drained());
    this.#input.on('data', (chunk: Buffer) => events.data(chunk));
    this.#input.on('end', () => {
      events.ended();
      this.#half(this.#reading);
    });
    this.#input.resume();
  }

  pause(): void {
    this.#input.pause();
  }

  resume(): void {
    this.#input.resume();
  }

  send(bytes: Buffer): boolean {
    if (this.#output.writableEnded || this.#output.destroyed) return true;
    return this.#output.write(bytes);
  }

  close(linger: number = lingerTime): void {
    if (this.#isOver) return;
    this.#input.removeAllListeners('data').removeAllListeners('end');
    this.#input.on('end', () => this.#half(this.#reading)).resume();
    this.#output.end(() => {
      const timer = setTimeout(() => this.destroy(), linger);
      this.#input.once('close', () => clearTimeout(timer));
    });
  }

  end(): void {
    this.#output.end();
  }

  destroy(reason?: Error): void {
    if (this.#isOver) return;
    this.#reason ??= reason;
    this.#input.removeAllListeners('data').removeAllListeners('end');
    this.#input.destroy();
    this.#output.destroy();
    this.#half(this.#reading);
    this.#half(this.#writing);
  }

  reset(): void {
    this.destroy();
  }

  get #isOver(): boolean {
    return this.#reading.state === 'over' && this.#writing.state === 'over';
  }

  #failed(error: Error): void {
    if (this.#isOver) return;
    this.destroy(new NetworkError('CLOSED', `${this.remote}: ${reasonOf(error)}`, { cause: error }));
  }

  #half(half: StateMachine<'open' | 'over', 'over'>): void {
    if (!half.attempt('over') || !this.#isOver) return;
    this.#over();
    const events = this.#events;
    if (events !== undefined) queueMicrotask(() => events.closed(this.#reason));
  }
}
