// A client that comes back, for ever, until it is stopped.
//
//   idle ─start▶ dialing ─opened▶ open ─lost▶ waiting ─due▶ dialing
//                   └────────failed──────────────▲            and from each: ─stop▶ closed
//
// It stops by itself where no waiting mends what is wrong: a dial that says UsageError (a package is missing, say).
// p-retry drives the endless attempts: one attempt is the dialling and the whole life of its link. The pause
// between them is ours, because p-retry has no jitter once its pause is at the cap.

import pRetry, { AbortError } from 'p-retry';
import { pauseAfter } from '../base/backoff.ts';
import { sleep } from '../base/clock.ts';
import { asError, CommunicatorError, NetworkError, UsageError } from '../base/errors.ts';
import { Client } from './client.ts';
import type { Owner } from './connection.ts';
import type { ClientOptions } from './parts/client-options.ts';
import type { ClientState } from './parts/client-table.ts';
import { permanentClientTable } from './parts/client-table.ts';

/** Why a client is where it is. */
export interface Why {
  readonly state: ClientState;
  /** Attempts since the last stable link, the present one included; 0 before the first. */
  readonly attempt: number;
  /** The last failure; undefined while there was none. */
  readonly lastError: Error | undefined;
  /** Milliseconds to the next try; undefined unless waiting. */
  readonly nextTry: number | undefined;
}

export class PermanentClient extends Client {
  #attempt = 0;
  #lastError: Error | undefined;
  #nextTryAt = 0;
  #lostAt = 0;

  /** @throws UsageError INVALID_ADDRESS, UNKNOWN_OPTION, OUT_OF_RANGE */
  constructor(address: string | readonly string[], options: ClientOptions = {}) {
    super(address, options, { kind: 'permanent client', table: permanentClientTable });
  }

  /** Why it is not connected, or what was last wrong; readable at any time. */
  get why(): Why {
    const { state } = this;
    const left = state === 'waiting' ? this.#nextTryAt - (this.owner?.clock.now() ?? 0) : undefined;
    return {
      state,
      attempt: this.#attempt,
      lastError: this.#lastError,
      nextTry: left === undefined ? undefined : Math.max(0, left),
    };
  }

  protected override get offersSession(): boolean {
    return true;
  }

  protected override live(owner: Owner): Promise<never> {
    const { signal } = this.stopping;
    const attempts = pRetry(() => this.#once(owner), {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 0,
      maxTimeout: 0,
      signal,
      onFailedAttempt: ({ error }) => this.#pause(error, owner),
    });
    return attempts.catch((error: unknown) => {
      if (!signal.aborted) this.giveUp(asError(error));
      throw error;
    });
  }

  protected override details(): object {
    const { attempt, lastError, nextTry } = this.why;
    return { ...super.details(), attempt, lastError: lastError?.message, nextTry };
  }

  async #once(owner: Owner): Promise<never> {
    if (this.state === 'waiting') this.step('due');
    this.#attempt += 1;
    const { stable } = this.settings.pause;
    this.openSince = undefined;
    try {
      return await this.attempt(owner);
    } catch (thrown) {
      if (this.openSince !== undefined) this.#lostAt = owner.clock.now();
      // p-retry would take a TypeError for a bug and give up; here nothing but stop() and wrong usage end the attempts.
      const error = asError(thrown);
      if (error instanceof UsageError && this.state === 'dialing') {
        this.#lastError = error;
        throw new AbortError(error);
      }
      if (error instanceof CommunicatorError) throw error;
      throw new NetworkError('DIAL_FAILED', error.message, { cause: error });
    } finally {
      if (this.openSince !== undefined && owner.clock.now() - this.openSince >= stable) this.#attempt = 1;
    }
  }

  async #pause(error: Error, owner: Owner): Promise<void> {
    const { signal } = this.stopping;
    this.#lastError = error;
    if (signal.aborted) return;
    this.step('failed');
    const now = owner.clock.now();
    const outage = this.session?.resumes ? now - this.#lostAt : undefined;
    const pause = pauseAfter(this.#attempt, this.settings.pause, owner.random, outage);
    this.#nextTryAt = now + pause;
    const fields = { connection: this.name, attempt: this.#attempt, pause: Math.round(pause) };
    this.logger.log('warn', `not connected: ${error.message}`, fields);
    this.tell('retry', error, pause);
    await sleep(owner.clock, pause, signal);
  }
}
