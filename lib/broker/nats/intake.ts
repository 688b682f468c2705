// The messages of other brokers, seen from here: each stream is taken in its order, nothing twice, and its sender is told
// what became of each message until it says that it knows.

import { CommunicatorError, reasonOf } from '../../base/errors.ts';
import type { Message } from '../../message/index.ts';
import { decode } from '../../message/index.ts';
import { NotHere } from '../cluster.ts';
import type { Carriage, Outcome, Return } from './wire.ts';
import { notHere } from './wire.ts';

/** Streams that are known; of what one sender was not told yet, outcomes: it has 1,024 under way at most. */
const most = { streams: 1_000, outcomes: 4_096 } as const;

interface Stream {
  readonly name: string;
  received: number;
  /** Those that the sender may not know yet. */
  readonly outcomes: Map<number, Outcome>;
  /** Of those, not told since. */
  readonly untold: Outcome[];
}

export interface IntakeOwner {
  take(message: Message): Promise<void>;
  /** Tells the sender; soon, and once for all that happens until then. */
  tell(from: string): void;
}

/** As many streams that were given up are remembered of each sender: more than a packet can be late by. */
const mostGivenUp = 16;

export class Intake {
  readonly #owner: IntakeOwner;
  /** The names of those before it, and of those that were not known. */
  readonly #givenUp = new Map<string, readonly string[]>();
  /** The last stream of each sender. */
  readonly #streams = new Map<string, Stream>();

  constructor(owner: IntakeOwner) {
    this.#owner = owner;
  }

  /** Takes what is new of it; gives the answer where one is due now. */
  arrive({ from, stream: name, first, done }: Carriage, lines: readonly string[]): Return | undefined {
    const stream = this.#streamOf(from, name, first);
    if (stream === undefined) {
      this.#giveUp(from, name);
      return { stream: name, received: -1, gap: true, outcomes: [] };
    }
    for (const number of stream.outcomes.keys()) if (number <= done) stream.outcomes.delete(number);
    // Who never says what he knows is told what there is, and nothing more is taken.
    const gap = first > stream.received + 1 || stream.outcomes.size > most.outcomes;
    if (gap || lines.length === 0) {
      return { stream: name, received: stream.received, gap, outcomes: [...stream.outcomes.values()] };
    }
    lines.forEach((line, index) => {
      const number = first + index;
      if (number <= stream.received) return;
      stream.received = number;
      this.#take(from, stream, number, line);
    });
    return undefined;
  }

  /** What has happened since the last time; undefined where nothing has. */
  news(from: string): Return | undefined {
    const stream = this.#streams.get(from);
    if (stream === undefined || stream.untold.length === 0) return undefined;
    const { name, received, untold } = stream;
    return { stream: name, received, gap: false, outcomes: untold.splice(0) };
  }

  /** That broker will not come back. */
  forget(from: string): void {
    this.#streams.delete(from);
    this.#givenUp.delete(from);
  }

  #streamOf(from: string, name: string, first: number): Stream | undefined {
    const known = this.#streams.get(from);
    if (known?.name === name) return known;
    // NATS may bring a packet late, by another server: what went out in it came again in a younger stream.
    if (first !== 1 || this.#givenUp.get(from)?.includes(name)) return undefined;
    if (known === undefined && this.#streams.size >= most.streams) return undefined;
    if (known !== undefined) this.#giveUp(from, known.name);
    const stream = { name, received: 0, outcomes: new Map<number, Outcome>(), untold: [] };
    this.#streams.set(from, stream);
    return stream;
  }

  #giveUp(from: string, name: string): void {
    const names = this.#givenUp.get(from) ?? [];
    if (!names.includes(name)) this.#givenUp.set(from, [...names, name].slice(-mostGivenUp));
  }

  #take(from: string, stream: Stream, number: number, line: string): void {
    const settle = (outcome: Outcome): void => {
      stream.outcomes.set(number, outcome);
      stream.untold.push(outcome);
      if (this.#streams.get(from) === stream) this.#owner.tell(from);
    };
    this.#handle(line).then(
      () => settle([number]),
      (error: unknown) => settle([number, codeOf(error), reasonOf(error)]),
    );
  }

  async #handle(line: string): Promise<void> {
    const message = decode(line);
    if (message !== undefined) await this.#owner.take(message);
  }
}

function codeOf(error: unknown): string {
  if (error instanceof NotHere) return notHere;
  return error instanceof CommunicatorError ? error.code : 'ABANDONED';
}
