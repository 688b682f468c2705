// A connection that opens, or fails to, and then is there until it is stopped.
//
//   idle ─start▶ opening ─▶ …        opening ─failed▶ closed        idle ─stop▶ closed
//                                    any other ─stop▶ closed, or a state in which its end is waited for
//
// Where it is open is for whoever asks. Nobody has to ask: a failure of which nobody would have heard is its owner's, so that
// run() can reject with it.

import { NetworkError } from '../../base/errors.ts';
import type { StateMachine } from '../../base/state-table.ts';
import type { ConnectionOptions, EventsOf, Unfinished } from '../connection.ts';
import { Connection, nothingUnfinished } from '../connection.ts';

type OpeningStep = 'start' | 'failed' | 'stop';

export abstract class OpeningConnection<
  State extends string,
  Step extends string,
  E extends EventsOf<E>,
  Place = string,
> extends Connection<E> {
  protected readonly machine: StateMachine<State, Step | OpeningStep>;
  readonly #ready: Promise<Place>;
  #settle: { resolve(place: Place): void; reject(error: Error): void } = {
    resolve: () => undefined,
    reject: () => undefined,
  };
  #asked: 'by nobody' | 'by somebody' = 'by nobody';

  constructor(kind: string, options: ConnectionOptions, machine: StateMachine<State, Step | OpeningStep>) {
    super(kind, options);
    this.machine = machine;
    this.#ready = new Promise<Place>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#ready.catch(() => undefined);
  }

  /** Closes what was opened, as far as there is anything: it has failed, or is stopped. */
  protected abstract shut(): void;

  get state(): State {
    return this.machine.state;
  }

  /**
   * Where it is open, once it is. Whoever asks for it looks after its error; otherwise `run()` rejects with it.
   * @throws NetworkError LISTEN_FAILED, or CLOSED where it was stopped first
   */
  get ready(): Promise<Place> {
    this.#asked = 'by somebody';
    return this.#ready;
  }

  get unfinished(): Unfinished {
    return nothingUnfinished;
  }

  stop(): void {
    if (!this.machine.attempt('stop')) return;
    const isEnd = this.state === 'closed';
    this.#settle.reject(new NetworkError('CLOSED', `${this.name} was stopped`));
    this.shut();
    if (isEnd) this.over();
  }

  destroy(_reason?: Error): void {
    this.stop();
  }

  /** It is open there: `event` tells so. */
  protected opened(event: string, place: Place): void {
    this.#settle.resolve(place);
    this.tell(event, place);
  }

  /** Ends it, where it can still fail. */
  protected failed(error: Error, fields?: object): void {
    if (!this.machine.attempt('failed')) return;
    this.log('error', error.message, fields);
    this.#settle.reject(error);
    this.shut();
    this.over(this.#asked === 'by nobody' ? error : undefined);
  }
}
