// The end in good order: everything is asked to stop, what is under way may finish until the deadline, the rest
// is destroyed. It always ends, and says what was left.

import type { Clock } from '../base/clock.ts';
import { TimeoutError } from '../base/errors.ts';
import type { Owned, Unfinished } from '../connection/index.ts';

/** What a stop left undone at one connection. */
export interface Abandoned extends Unfinished {
  readonly kind: string;
  readonly name: string;
}

export interface StopReport {
  /** Connections that ended with nothing left undone. */
  readonly finished: number;
  readonly abandoned: readonly Abandoned[];
  /** How long it took. */
  readonly milliseconds: number;
}

/** Sources end before links: nothing new begins while links drain. */
const order: Record<string, number> = {
  systemd: -1,
  signal: 0,
  timer: 0,
  watch: 0,
  listener: 1,
  'log rotate': 1,
  datagram: 1,
};

export class Shutdown {
  readonly #clock: Clock;
  readonly #start: number;
  readonly #abandoned: Abandoned[] = [];
  readonly #noted = new Set<Owned>();
  #finished = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#start = clock.now();
  }

  /** Asks all to stop; after `deadline` ms destroys those that `left` still gives. */
  begin(connections: Iterable<Owned>, deadline: number, left: () => Iterable<Owned>): () => void {
    const rank = ({ kind }: Owned): number => order[kind] ?? 2;
    for (const connection of [...connections].sort((a, b) => rank(a) - rank(b))) connection.stop();
    return this.#clock.after(deadline, () => {
      const reason = new TimeoutError('DRAIN_TIMEOUT', `not finished within ${deadline} ms`);
      for (const connection of [...left()]) {
        this.ended(connection);
        connection.destroy(reason);
      }
    });
  }

  /** A connection has ended, or is about to be destroyed; the first call counts. */
  ended(connection: Owned): void {
    if (this.#noted.has(connection)) return;
    this.#noted.add(connection);
    const { kind, name, unfinished } = connection;
    const { messages, bytes, handlers } = unfinished;
    if (messages + bytes + handlers === 0) this.#finished += 1;
    else this.#abandoned.push({ kind, name, messages, bytes, handlers });
  }

  report(): StopReport {
    return {
      finished: this.#finished,
      abandoned: this.#abandoned,
      milliseconds: this.#clock.now() - this.#start,
    };
  }
}
