// What a client's links have in common, one after the other: the exchange, the requests, the handlers that still run.

import type { Cancel, Clock } from '../../base/clock.ts';
import { TimeoutError } from '../../base/errors.ts';
import { isPromise } from '../../base/guard.ts';
import type {
  Correspondent,
  DeliverOptions,
  Dispatcher,
  Receipt,
  RequestOptions,
  Sending,
} from '../../dispatcher/index.ts';
import type { Logger } from '../../logging/index.ts';
import type { Message } from '../../message/index.ts';
import { deliver } from '../exchange/deliver.ts';
import type { SessionClientHost } from '../exchange/exchange-host.ts';
import { SessionClient } from '../exchange/session-client.ts';
import type { Hold } from '../link/handling.ts';
import type { Link } from '../link/link.ts';
import type { ClientSettings, OnSessionLost } from './client-options.ts';
import { greetingLink } from './greeting.ts';
import { Requests, smallNumbers, uniqueNumbers } from './requests.ts';

export class Conversation implements SessionClientHost {
  readonly name: string;
  readonly clock: Clock;
  readonly exchange: SessionClient;
  readonly requests: Requests;
  link: Link | undefined;
  readonly #logger: Logger;
  readonly #dispatcher: Dispatcher;
  readonly #tell: (event: string, ...values: unknown[]) => void;
  readonly #greetingTime: number;
  #endGreeting: Cancel = () => undefined;
  /** Handlers of the last link that have not ended; in a session they hold the next link too. */
  #hold: Hold | undefined;

  /** `tell` emits the client's events. */
  constructor(
    name: string,
    { link, outbox, heartbeat, greetingTime }: ClientSettings,
    logger: Logger,
    tell: (event: string, ...values: unknown[]) => void,
  ) {
    this.name = name;
    this.clock = link.clock;
    this.#logger = logger;
    this.#dispatcher = link.dispatcher;
    this.#tell = tell;
    this.#greetingTime = greetingTime;
    this.exchange = new SessionClient(this, outbox, heartbeat);
    const numbers = outbox.session ? uniqueNumbers() : smallNumbers();
    this.requests = new Requests(
      link.clock,
      () => numbers,
      () => this.link?.mayFinish(),
    );
  }

  /** Reads the spool; nothing to wait for where there is none. @throws see `Spooling.open` */
  open(): Promise<void> | undefined {
    return this.exchange.open()?.then(recovered => {
      const { messages, damaged, cut } = recovered;
      this.exchange.recovered(recovered);
      const fields = { connection: this.name, messages: messages.length, cut };
      this.#logger.log('info', 'spool opened', fields);
      for (const damage of damaged) {
        this.#logger.log('error', 'spool damaged: messages may be lost', { ...fields, ...damage });
      }
    });
  }

  /** Requests and deliveries that wait for an answer. */
  get awaiting(): number {
    return this.requests.size + this.exchange.awaited;
  }

  /** A message as a program gave it, made whole and checked. @throws UsageError INVALID_NAME, INVALID_VALUE */
  outgoing(message: Message<unknown> | string): Message<unknown> {
    return this.#dispatcher.outgoing(message);
  }

  send(message: Message<unknown> | string): Sending {
    return this.exchange.send(this.outgoing(message));
  }

  deliver(message: Message<unknown> | string, options: DeliverOptions): Promise<Receipt> {
    const delivery = deliver(this.exchange, this.outgoing(message), options);
    this.link?.wake();
    return delivery;
  }

  request(message: Message<unknown> | string, options: RequestOptions): Promise<Message> {
    const answer = this.requests.open(message, options, {
      send: numbered => this.send(numbered),
      withdraw: numbered => this.exchange.out.withdraw(({ message }) => message === numbered),
    });
    this.link?.wake();
    return answer;
  }

  /**
   * Runs the greeting on the present link; it stays synchronous where the program's function is.
   * @throws what it throws, TimeoutError DIAL_TIMEOUT
   */
  async greet(role: Correspondent, opened: ((link: Correspondent) => unknown) | undefined): Promise<void> {
    if (this.link === undefined) return;
    const greeting = opened?.(greetingLink(role, this.link, this));
    await (isPromise(greeting) ? this.#inTime(greeting, this.link) : greeting);
  }

  async #inTime(greeting: PromiseLike<unknown>, link: Link): Promise<void> {
    const late = new Promise<never>((_, reject) => {
      const words = `the greeting did not end within ${this.#greetingTime} ms`;
      this.#endGreeting = this.clock.after(this.#greetingTime, () => reject(new TimeoutError('DIAL_TIMEOUT', words)));
    });
    try {
      await Promise.race([greeting, late]);
    } finally {
      if (this.link === link) this.#endGreeting();
    }
  }

  linkOpened(link: Link): void {
    this.link = link;
    if (this.#hold !== undefined) link.hold = this.#hold;
    this.exchange.linkOpened();
  }

  linkLost(cause: Error): void {
    const hold = this.link?.hold;
    this.link = undefined;
    this.#endGreeting();
    const rest = this.exchange.linkLost();
    this.#hold = rest === 'kept' ? hold : undefined;
    if (rest === 'gone') this.requests.fail(cause.message);
  }

  // ---- for the exchange

  missed(message: Message<unknown>, reason: Error): void {
    this.#logger.log('warn', `${message.command} was not delivered: ${reason.message}`, { connection: this.name });
    this.#tell('dropped', message, reason);
  }

  drained(): void {
    this.#tell('drain');
  }

  sessionLost(choice: OnSessionLost): void {
    const what = choice === 'resend' ? 'sent again' : 'reported';
    this.#logger.log('warn', `session lost: what was not confirmed is ${what}`, { connection: this.name });
    if (choice === 'report') this.requests.fail('the other side has forgotten the session', 'SESSION_LOST');
    else this.requests.retry(numbered => this.exchange.out.holds(numbered) || this.exchange.send(numbered));
    this.#tell('session lost', choice);
  }
}
