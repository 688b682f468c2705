// What happens to a message of a link once it was read: to whom it goes, and what is answered when that fails.

import { LimitError, NetworkError, PeerError, Refusal, reasonOf } from '../../base/errors.ts';
import { isPromise } from '../../base/guard.ts';
import type { Allow, Correspondent, Dispatcher, TicketHolder, UpgradeFacts, Visitor } from '../../dispatcher/index.ts';
import { answerUnknown, Ticket, unhandled } from '../../dispatcher/index.ts';
import { often } from '../../logging/index.ts';
import { admit, Message } from '../../message/index.ts';
import type { Channel, FrameChannel } from '../../transport/index.ts';
import type { LinkRole, LinkSession } from './link-role.ts';
import type { LinkState } from './link-table.ts';
import { upgradeFacts } from './upgrade-facts.ts';

/** The link, as far as handling needs it. */
export interface HandlingLink {
  readonly role: LinkRole;
  readonly state: LinkState;
  received: number;
  /** Whether a message can still go out. */
  readonly canSend: boolean;
  send(message: Message<unknown>): unknown;
  /** A handler's promise has settled. */
  settled(): void;
  /** A handler's promise was rejected. */
  failed(error: unknown, message: Message): void;
}

export interface HandlingSettings {
  readonly dispatcher: Dispatcher;
  /** Who may send what; undefined: everybody everything. */
  readonly allow?: Allow | undefined;
}

/** The handlers of a link whose promises have not settled. Those of a session hold its next link too. */
export interface Hold {
  running: number;
  link: HandlingLink;
}

/** The open tickets of one count of a session, or of a link without one. */
class Tickets implements TicketHolder {
  readonly hold: Hold;
  readonly stream: object | undefined;
  readonly #session: LinkSession | undefined;

  constructor(hold: Hold, session: LinkSession | undefined, stream: object | undefined) {
    this.hold = hold;
    this.stream = stream;
    this.#session = session;
  }

  ended({ message }: Ticket, number: number, failure: Error | undefined): void {
    const { hold, stream } = this;
    const session = number > 0 && stream !== undefined ? this.#session : undefined;
    if (failure instanceof Refusal && session !== undefined) session.refuse(number, stream as object);
    else if (failure !== undefined) hold.link.failed(failure, message);
    hold.running -= 1;
    session?.done(number, stream as object);
    hold.link.settled();
  }
}

export class Handling implements Visitor {
  hold: Hold;
  /** Lines and messages that had to be refused. */
  invalid = 0;
  /** Handlers that failed since there was no room for what they sent: one of them is logged. */
  #full = 0;
  #upgrade: UpgradeFacts | undefined;
  #tickets: Tickets | undefined;
  readonly #link: HandlingLink;
  readonly #channel: Channel;
  readonly #settings: HandlingSettings;

  constructor(link: HandlingLink, channel: Channel, settings: HandlingSettings) {
    this.#link = link;
    this.#channel = channel;
    this.#settings = settings;
    this.hold = { running: 0, link };
  }

  // ---- for the rule that says who may

  get remote(): string {
    return this.#channel.remote;
  }

  get certificate(): Visitor['certificate'] {
    return this.#channel.certificate;
  }

  get origin(): string | undefined {
    return (this.#channel as FrameChannel).request?.headers.origin;
  }

  get upgrade(): UpgradeFacts | undefined {
    const { request } = this.#channel as FrameChannel;
    if (request !== undefined) this.#upgrade ??= upgradeFacts(request);
    return this.#upgrade;
  }

  get peer(): Correspondent {
    return this.#link.role;
  }

  // ---- for the link

  /** `number` is its place in the session, or 0. */
  handle(message: Message, number: number): void {
    this.#link.received += 1;
    const { role } = this.#link;
    if (number > 0) role.session?.take(number);
    if (this.#goesOn(message, number)) return;
    this.#done(number);
  }

  /** An answer that went by a handler which holds the link. */
  passed(number: number): void {
    this.#link.received += 1;
    if (number > 0) this.#link.role.session?.take(number);
    this.#done(number);
  }

  /** Whether it went to a handler that has not ended: a promise of it tells later. */
  #goesOn(message: Message, number: number): boolean {
    const { role } = this.#link;
    if (role.awaiting > 0 && role.answered(message)) return false;
    try {
      if (number > 0 ? role.session?.repeats(message) : role.session === undefined && role.repeats?.(message))
        return false;
      if (admit(message) === 'unknown') answerUnknown(message, role);
      else {
        this.#checkAllowed(message);
        const result = this.#settings.dispatcher.dispatch(message, role);
        if (result === unhandled) this.#nobody(message);
        else if (result instanceof Ticket) return this.#awaits(result, number);
        else if (isPromise(result)) return this.#hold(Promise.resolve(result), message, number);
      }
    } catch (error) {
      const { session } = role;
      if (error instanceof Refusal && number > 0 && session !== undefined) session.refuse(number, session.stream);
      else this.failed(error, message);
    }
    return false;
  }

  /** Logs why, and answers INVALID; the answer finds its way back where the message's sender has a good name. */
  refuse(error: PeerError, message?: Message): void {
    this.invalid += 1;
    const { logger, name } = this.#link.role;
    const fields = { connection: name, code: error.code, [often]: `refused ${error.code}` };
    logger.log(this.invalid === 1 ? 'warn' : 'debug', `refused: ${error.message}`, fields);
    this.#answerInvalid(error.message, error.command, error.code === 'INVALID_MESSAGE' ? undefined : message);
  }

  #done(number: number): void {
    const { session } = this.#link.role;
    if (number > 0 && session !== undefined) session.done(number, session.stream);
  }

  /** @throws PeerError NOT_ALLOWED */
  #checkAllowed(message: Message): void {
    const verdict = this.#settings.allow?.(message, this) ?? true;
    if (verdict === true) return;
    const why = verdict === false ? '' : `: ${verdict}`;
    throw new PeerError('NOT_ALLOWED', `${message.command} is not allowed${why}`, message.command);
  }

  /** As a promise, with one holder for all tickets of a count. */
  #awaits(ticket: Ticket, number: number): boolean {
    if (ticket.failure !== undefined) throw ticket.failure;
    const { state, role } = this.#link;
    if (!ticket.isOpen || state === 'draining' || state === 'closing') return false;
    const stream = role.session?.stream;
    if (this.#tickets?.hold !== this.hold || this.#tickets.stream !== stream) {
      this.#tickets = new Tickets(this.hold, role.session, stream);
    }
    ticket.await(this.#tickets, number);
    this.hold.running += 1;
    return true;
  }

  #hold(promise: Promise<unknown>, message: Message, number: number): boolean {
    const { state, role } = this.#link;
    if (state === 'draining' || state === 'closing') {
      // This handler asked for the end itself; the end must not wait for it.
      promise.then(undefined, (error: unknown) => this.failed(error, message));
      return false;
    }
    const { hold } = this;
    const { session } = role;
    const stream = session?.stream;
    hold.running += 1;
    const settled = (): void => {
      hold.running -= 1;
      if (number > 0 && stream !== undefined) session?.done(number, stream);
      hold.link.settled();
    };
    promise.then(settled, (error: unknown) => {
      if (error instanceof Refusal && number > 0 && stream !== undefined) session?.refuse(number, stream);
      else hold.link.failed(error, message);
      settled();
    });
    return true;
  }

  #nobody(message: Message): void {
    const { role } = this.#link;
    role.logger.log('warn', `no rule for ${message.command}`, { connection: role.name, [often]: 'no rule' });
    answerUnknown(message, role);
  }

  /** A handler threw, or the door or a definition refused the message. */
  failed(error: unknown, message: Message): void {
    if (error instanceof PeerError) return this.refuse(error, message);
    const gone = error instanceof NetworkError && error.code === 'CLOSED' && this.#link.state !== 'open';
    const { logger, name } = this.#link.role;
    const fields = { connection: name, command: message.command, error, [often]: `handler of ${message.command}` };
    if (error instanceof LimitError) this.#full += 1;
    logger.log(
      gone || (error instanceof LimitError && this.#full > 1) ? 'debug' : 'error',
      `handler of ${message.command} failed: ${reasonOf(error)}`,
      fields,
    );
    this.#answerInvalid('the handler failed', message.command, message);
  }

  /** To a complaint there is no answer, or two sides would go on for ever. */
  #answerInvalid(reason: string, command: string | undefined, message: Message | undefined): void {
    if (command === 'INVALID' || command === 'UNKNOWN') return;
    const parameters = { command, message: reason };
    this.#complain(message?.reply('INVALID', parameters) ?? Message.of('INVALID', parameters));
  }

  /** Goes the way of all other messages, where the link has or may have a session. */
  #complain(complaint: Message): void {
    const { session, logger, name } = this.#link.role;
    try {
      if (session !== undefined) session.complain(complaint);
      else if (this.#link.canSend) this.#link.send(complaint);
    } catch (error) {
      logger.log('warn', `INVALID was not sent: ${reasonOf(error)}`, { connection: name, [often]: 'INVALID' });
    }
  }
}
