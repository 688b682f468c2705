// A connection that is open at an address: it listens there, or is bound to it.

import type { Address } from '../../base/address.ts';
import { formatAddress } from '../../base/address.ts';
import { asError } from '../../base/errors.ts';
import type { EventsOf } from '../connection.ts';
import { OpeningConnection } from './opening-connection.ts';

/** What a transport gives for an address. */
interface Bound {
  readonly address: Address;
  close(): void;
}

export abstract class BoundConnection<
  State extends string,
  Step extends string,
  E extends EventsOf<E>,
  B extends Bound,
> extends OpeningConnection<State, Step, E> {
  #bound: B | undefined;

  protected get bound(): B | undefined {
    return this.#bound;
  }

  /** With the port that the system gave. */
  protected get address(): string | undefined {
    return this.#bound === undefined ? undefined : formatAddress(this.#bound.address);
  }

  protected override shut(): void {
    this.#bound?.close();
  }

  /** Takes what the transport gives; `step` is the way to the open state, `words` stand before the address in the log. */
  protected open(opening: Promise<B>, step: Step, words: string): void {
    opening.then(
      bound => this.#open(bound, step, words),
      (error: unknown) => this.failed(asError(error)),
    );
  }

  #open(bound: B, step: Step, words: string): void {
    if (!this.machine.attempt(step)) return bound.close();
    this.#bound = bound;
    const address = formatAddress(bound.address);
    this.log('info', `${words} ${address}`);
    this.opened('listening', address);
  }
}
