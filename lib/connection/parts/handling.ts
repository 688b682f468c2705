// What happens to a message of a link once it was read: to whom it goes, and what is answered when that fails.

import { NetworkError, PeerError, reasonOf } from '../../base/errors.ts';
import { isPromise } from '../../base/guard.ts';
import type { Dispatcher } from '../../dispatcher/index.ts';
import { answerUnknown, unhandled } from '../../dispatcher/index.ts';
import { admit, Message } from '../../message/index.ts';
import type { LinkRole } from './link-role.ts';
import type { LinkState } from './link-table.ts';

/** The link, as far as handling needs it. */
export interface HandlingLink {
  readonly state: LinkState;
  received: number;
  /** Whether a message can still go out. */
  readonly canSend: boolean;
  send(message: Message<unknown>): unknown;
  /** A handler's promise has settled. */
  settled(): void;
}

export class Handling {
  /** Handlers whose promises have not settled. */
  running = 0;
  /** Lines and messages that had to be refused. */
  invalid = 0;
  readonly #link: HandlingLink;
  readonly #dispatcher: Dispatcher;
  readonly #role: LinkRole;

  constructor(link: HandlingLink, { dispatcher }: { readonly dispatcher: Dispatcher }, role: LinkRole) {
    this.#link = link;
    this.#dispatcher = dispatcher;
    this.#role = role;
  }

  handle(message: Message): void {
    this.#link.received += 1;
    if (this.#role.awaiting > 0 && this.#role.answered(message)) return;
    try {
      if (admit(message) === 'unknown') return answerUnknown(message, this.#role);
      const result = this.#dispatcher.dispatch(message, this.#role);
      if (result === unhandled) this.#nobody(message);
      else if (isPromise(result)) this.#hold(Promise.resolve(result), message);
    } catch (error) {
      this.#failed(error, message);
    }
  }

  /** Logs why, and answers INVALID; the answer finds its way back where the message's sender has a good name. */
  refuse(error: PeerError, message?: Message): void {
    this.invalid += 1;
    const { logger, name } = this.#role;
    const fields = { connection: name, code: error.code };
    logger.log(this.invalid === 1 ? 'warn' : 'debug', `refused: ${error.message}`, fields);
    this.#answerInvalid(error.message, error.command, error.code === 'INVALID_MESSAGE' ? undefined : message);
  }

  #hold(promise: Promise<unknown>, message: Message): void {
    const { state } = this.#link;
    if (state === 'draining' || state === 'closing') {
      // This handler asked for the end itself; the end must not wait for it.
      promise.then(undefined, (error: unknown) => this.#failed(error, message));
      return;
    }
    this.running += 1;
    const settled = (): void => {
      this.running -= 1;
      this.#link.settled();
    };
    promise.then(settled, (error: unknown) => {
      this.#failed(error, message);
      settled();
    });
  }

  #nobody(message: Message): void {
    const { logger, name } = this.#role;
    logger.log('warn', `no rule for ${message.command}`, { connection: name });
    answerUnknown(message, this.#role);
  }

  /** A handler threw, or the door or a definition refused the message. */
  #failed(error: unknown, message: Message): void {
    if (error instanceof PeerError) return this.refuse(error, message);
    const gone = error instanceof NetworkError && error.code === 'CLOSED' && this.#link.state !== 'open';
    const { logger, name } = this.#role;
    const fields = { connection: name, command: message.command, error };
    logger.log(gone ? 'debug' : 'error', `handler of ${message.command} failed: ${reasonOf(error)}`, fields);
    this.#answerInvalid('the handler failed', message.command, message);
  }

  /** To a complaint there is no answer, or two sides would go on for ever. */
  #answerInvalid(reason: string, command: string | undefined, message: Message | undefined): void {
    if (command === 'INVALID' || command === 'UNKNOWN' || !this.#link.canSend) return;
    const parameters = { command, message: reason };
    this.#link.send(message?.reply('INVALID', parameters) ?? Message.of('INVALID', parameters));
  }
}
