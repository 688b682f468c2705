// The life of a service at its broker.
//
//   idle ─run▶ seeking ─opened▶ registering ─ready▶ started
//                 ▲                 └─lost─▶ seeking ◀─lost─┘        (refused is lost too: it is tried again)
//   seeking, registering, started ─stop▶ leaving ─over▶ ended        idle ─stop▶ ended
//   seeking, registering, started ─over▶ ended                       (its link was stopped, with its communicator)
//
//   registering: REGISTER goes out, HELP is answered with COMMANDS behind it, READY ends it
//   started:     what waited for the broker goes out; messages come
//   leaving:     UNREGISTER goes out; what is under way is handled, what was sent is confirmed; the broker closes

import type { Cancel, Clock } from '../../base/clock.ts';
import { PeerError, TimeoutError } from '../../base/errors.ts';
import type { StateTable } from '../../base/state-table.ts';
import type { Correspondent } from '../../dispatcher/index.ts';
import type { Logger } from '../../logging/index.ts';
import type { Message } from '../../message/index.ts';

export type ServiceState = 'idle' | 'seeking' | 'registering' | 'started' | 'leaving' | 'ended';
export type ServiceStep = 'run' | 'opened' | 'ready' | 'lost' | 'stop' | 'over';

export const serviceTable: StateTable<ServiceState, ServiceStep> = {
  idle: { run: 'seeking', stop: 'ended' },
  seeking: { opened: 'registering', stop: 'leaving', over: 'ended' },
  registering: { ready: 'started', lost: 'seeking', stop: 'leaving', over: 'ended' },
  started: { lost: 'seeking', stop: 'leaving', over: 'ended' },
  leaving: { over: 'ended' },
  ended: {},
};

/** A broker has answered REGISTER within so many ms. */
const answerTime = 10_000;

/** Longest way to the end, in ms: for handlers, for confirmations, and for the broker to close behind UNREGISTER. */
export const leavingTime = 10_000;

/** What was not confirmed comes again: to the next process of this name, or from the next life of the broker. */
export function endLate(name: string, link: { destroy(reason: Error): void } | undefined, logger: Logger): void {
  const words = `service ${name} did not end within ${leavingTime} ms`;
  logger.log('warn', words);
  link?.destroy(new TimeoutError('DRAIN_TIMEOUT', words));
}

/** One REGISTER and its answer. */
export class Registration {
  readonly #clock: Clock;
  #settle: ((error?: Error) => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with READY, and where the link is lost (then it does not matter any more). @throws PeerError, TimeoutError */
  ask(link: Correspondent, register: Message<unknown>): Promise<void> {
    this.lost();
    return new Promise((resolve, reject) => {
      const cancel: Cancel = this.#clock.after(answerTime, () =>
        settle(new TimeoutError('REQUEST_TIMEOUT', `no answer to REGISTER within ${answerTime} ms`)),
      );
      const settle = (error?: Error): void => {
        cancel();
        if (this.#settle === settle) this.#settle = undefined;
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#settle = settle;
      link.send(register);
    });
  }

  /** READY came. */
  ready(): void {
    this.#settle?.();
  }

  /** INVALID about REGISTER came; false where nothing was asked. */
  refused(reason: string): boolean {
    const settle = this.#settle;
    settle?.(new PeerError('REFUSED', `the broker refuses to register it: ${reason}`, 'REGISTER'));
    return settle !== undefined;
  }

  lost(): void {
    this.#settle?.();
  }
}
