// The way back: attempts without end, each the dialling and the whole life of its socket, with pauses between them. p-retry
// drives them; the pauses are ours, because p-retry has no jitter once its pause is at the cap.

import pRetry, { AbortError } from 'p-retry';
import type { Address } from '../../../base/address.ts';
import type { Pause } from '../../../base/backoff.ts';
import { pauseAfter } from '../../../base/backoff.ts';
import { sleep } from '../../../base/clock.ts';
import { asError, CommunicatorError, NetworkError, UsageError } from '../../../base/errors.ts';
import type { Owner } from '../../../connection/index.ts';
import { dial } from '../../../connection/parts/dial.ts';
import type { FrameChannel } from '../../../transport/index.ts';
import { isFrameChannel } from '../session/frame-socket.ts';
import { untrustedError } from './fatal.ts';

export interface AttemptsHost {
  readonly addresses: readonly Address[];
  /** Longest attempt to reach an address, in ms. */
  readonly dialTime: number;
  readonly pause: Pause;
  readonly signal: AbortSignal;
  /** How long a session has been waiting for its link, in ms; undefined where none does. */
  outage(): number | undefined;
  /** Takes a channel over; rejects when that is over. */
  live(channel: FrameChannel): Promise<never>;
  /** The next attempt follows in `pause` ms. */
  retry(error: Error, pause: number): void;
}

/** An error after which no attempt follows. */
export function fatal(error: Error): Error {
  return new AbortError(error);
}

export class Attempts {
  readonly #owner: Owner;
  readonly #host: AttemptsHost;
  #count = 0;
  #openSince: number | undefined;

  constructor(owner: Owner, host: AttemptsHost) {
    this.#owner = owner;
    this.#host = host;
  }

  /** Attempts since the last stable link, the present one included. */
  get count(): number {
    return this.#count;
  }

  /** The present attempt has a link. */
  opened(): void {
    this.#openSince = this.#owner.clock.now();
  }

  /** Rejects with what was fatal, or with the signal's reason. */
  run(): Promise<never> {
    return pRetry(() => this.#once(), {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 0,
      maxTimeout: 0,
      signal: this.#host.signal,
      onFailedAttempt: ({ error }) => this.#pause(error),
    });
  }

  async #once(): Promise<never> {
    const { clock } = this.#owner;
    this.#count += 1;
    this.#openSince = undefined;
    try {
      return await this.#host.live(await this.#dial());
    } catch (thrown) {
      // p-retry would take a TypeError for a bug and give up; here nothing but stop() and fatal errors end the attempts.
      const error = asError(thrown);
      const untrusted = untrustedError(error);
      if (untrusted !== undefined) throw fatal(untrusted);
      if (error instanceof CommunicatorError || error instanceof AbortError) throw error;
      throw new NetworkError('DIAL_FAILED', error.message, { cause: error });
    } finally {
      const { stable } = this.#host.pause;
      if (this.#openSince !== undefined && clock.now() - this.#openSince >= stable) this.#count = 1;
    }
  }

  async #dial(): Promise<FrameChannel> {
    const { addresses, dialTime, signal } = this.#host;
    const channel = await dial(addresses, this.#owner, dialTime, signal).catch((error: unknown) => {
      throw error instanceof UsageError ? fatal(error) : error;
    });
    if (!signal.aborted && isFrameChannel(channel)) return channel;
    channel.destroy();
    signal.throwIfAborted();
    throw fatal(new UsageError('INVALID_ADDRESS', `${channel.remote}: a link needs a transport of frames`));
  }

  async #pause(error: Error): Promise<void> {
    const { signal, pause } = this.#host;
    if (signal.aborted || error instanceof AbortError) return;
    const time = pauseAfter(this.#count, pause, this.#owner.random, this.#host.outage());
    this.#host.retry(error, time);
    await sleep(this.#owner.clock, time, signal);
  }
}
