// Requests of one connection that wait for their answer: a number goes out as parameter, and comes back in the
// answer. Peers that do not know it (C++) ignore it; then the deadline tells. Where a session is offered, the number is
// unique in the world: the request may be asked again on the next link, and is run once. It cannot be guessed either: past a
// broker, whoever has heard one request could answer others.

import { chanceName } from '../../base/chance-name.ts';
import type { Cancel, Clock } from '../../base/clock.ts';
import { NetworkError, PeerError, TimeoutError } from '../../base/errors.ts';
import { inRange, refuseUnknown } from '../../base/options.ts';
import type { RequestOptions, Sending } from '../../dispatcher/index.ts';
import { answerParameter, Message, requestParameter } from '../../message/index.ts';

/** Longest wait for an answer unless told otherwise, in ms. */
const defaultTimeout = 5_000;
const refusals: ReadonlySet<string> = new Set(['INVALID', 'UNKNOWN', 'SERVICE_UNAVAILABLE']);

interface Waiting {
  readonly message: Message;
  answer(message: Message): void;
  fail(error: unknown): void;
}

/** Where the numbers of requests come from; those who may hear each other's answers share one. */
export type Numbers = () => string;

export function smallNumbers(): Numbers {
  let last = 0;
  return () => {
    last += 1;
    return `${last}`;
  };
}

/** Numbers that nobody else in the world uses. */
export function uniqueNumbers(): Numbers {
  const count = smallNumbers();
  return () => `${chanceName()}.${count()}`;
}

/** How a request goes out, and is taken back where its wait ends before it went. */
export interface RequestPath {
  send(numbered: Message): Sending;
  withdraw?(numbered: Message): void;
}

export class Requests {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();
  readonly #numbers: () => Numbers;
  readonly #over: () => void;

  /** `over`: none waits any more; it is called later than the answer. */
  constructor(clock: Clock, numbers: () => Numbers, over: () => void) {
    this.#clock = clock;
    this.#numbers = numbers;
    this.#over = over;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Numbers the message, hands it to the path, and waits. What its `send` throws becomes the rejection. */
  open(message: Message<unknown> | string, options: RequestOptions, path: RequestPath): Promise<Message> {
    refuseUnknown('request', { timeout: 0, signal: 0 }, options);
    const { timeout = defaultTimeout, signal } = options;
    inRange('timeout', timeout, 0, Number.MAX_SAFE_INTEGER);
    const id = this.#numbers()();
    const plain = typeof message === 'string' ? Message.of(message) : message;
    const numbered = plain.with({ [requestParameter]: id });
    return new Promise((resolve, reject) => {
      let cancel: Cancel = () => undefined;
      let sending: Sending | undefined;
      const settled = (): void => {
        this.#waiting.delete(id);
        signal?.removeEventListener('abort', aborted);
        cancel();
        if (this.#waiting.size === 0) queueMicrotask(this.#over);
      };
      const fail = (error: unknown): void => {
        settled();
        if (sending === 'queued') path.withdraw?.(numbered);
        reject(error as Error);
      };
      const answer = (received: Message): void => {
        settled();
        if (refusals.has(received.command)) reject(refused(plain.command, received));
        else resolve(received);
      };
      const aborted = (): void => fail(signal?.reason);
      if (signal?.aborted) return aborted();
      signal?.addEventListener('abort', aborted, { once: true });
      this.#waiting.set(id, { message: numbered, answer, fail });
      cancel = this.#clock.after(timeout, () =>
        fail(new TimeoutError('REQUEST_TIMEOUT', `no answer to ${plain.command} within ${timeout} ms`)),
      );
      try {
        sending = path.send(numbered);
      } catch (error) {
        fail(error);
      }
    });
  }

  /** Whether the message is an answer that was waited for; it is handed over then. */
  answered(message: Message): boolean {
    const waiting = this.#waiting.get(message.get(answerParameter) ?? '');
    waiting?.answer(message);
    return waiting !== undefined;
  }

  /** Nothing more will be answered. */
  fail(reason: string, code: 'CLOSED' | 'SESSION_LOST' | 'ABANDONED' = 'CLOSED'): void {
    for (const { message, fail } of [...this.#waiting.values()]) {
      fail(new NetworkError(code, `no answer to ${message.command}: ${reason}`));
    }
  }

  /** The answers may be lost: asks again, with the same numbers. */
  retry(send: (numbered: Message) => unknown): void {
    for (const { message, fail } of [...this.#waiting.values()]) {
      try {
        send(message);
      } catch (error) {
        fail(error);
      }
    }
  }
}

function refused(command: string, answer: Message): PeerError {
  const reason = answer.get('message');
  const words = reason === undefined ? answer.command : `${answer.command}: ${reason}`;
  return new PeerError('REFUSED', `${command} was answered with ${words}`, command);
}
