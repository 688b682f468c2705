// The reading half of a link's work: from line to line, each message to its handler, or held back, or sifted.

import { PeerError } from '../../base/errors.ts';
import { LineSlicer } from '../../framing/index.ts';
import type { Message } from '../../message/index.ts';
import { decode, offerParameter } from '../../message/index.ts';
import type { Channel } from '../../transport/index.ts';
import type { HandlingLink } from './handling.ts';
import { Handling } from './handling.ts';
import type { LinkSettings } from './link-role.ts';
import { consumed } from './link-role.ts';
import { Reading } from './reading.ts';

export class Intake {
  readonly reading: Reading;
  readonly handling: Handling;
  readonly #link: HandlingLink;
  readonly #concurrency: number;
  /** The number in the session of the message that was decoded last. */
  #number = 0;

  constructor(link: HandlingLink, channel: Channel, settings: LinkSettings) {
    this.#link = link;
    this.#concurrency = settings.concurrency;
    this.reading = new Reading(channel, new LineSlicer(settings.longestLine));
    this.handling = new Handling(link, channel, settings);
  }

  /** Reads and handles one message; false when there is none to handle now. @throws PeerError LINE_TOO_LONG */
  step(): boolean {
    if (!this.mayHandle()) return this.#sift();
    const held = this.reading.takeHeld();
    if (held === undefined && !this.reading.next()) return false;
    const message = held?.message ?? this.#decode();
    if (message !== undefined) this.handling.handle(message, held?.number ?? this.#number);
    return true;
  }

  /**
   * Held by a handler that may itself wait for an answer, or draining while a session waits for confirmations: lets
   * answers and the session's own messages through, keeps the rest in its order.
   */
  #sift(): boolean {
    if (!this.sifts || !this.reading.next()) return false;
    const message = this.#decode();
    if (message === undefined) return true;
    if (this.#link.role.awaiting > 0 && this.#link.role.answered(message)) this.handling.passed(this.#number);
    else this.reading.hold(message, this.#number);
    return true;
  }

  /** Whether messages are read although none may be handled. */
  get sifts(): boolean {
    const { enabled, awaiting } = this.#link.role;
    if (!this.reading.roomToHold) return false;
    return (enabled && awaiting > 0) || (this.#link.state === 'draining' && !this.#link.role.settled);
  }

  /** Whether a message may go to its handler now. */
  mayHandle(): boolean {
    const { state } = this.#link;
    if (state !== 'open' && state !== 'ended' && state !== 'rest') return false;
    return this.#link.role.enabled && this.handling.hold.running < this.#concurrency;
  }

  /** The present line as a message, unless it is empty, the session's own, or had to be refused. */
  #decode(): Message | undefined {
    const { text, start, end } = this.reading.slicer;
    try {
      const message = this.#read(text, start, end);
      if (message === undefined) return undefined;
      this.#number = this.#link.role.arrive(message);
      if (this.#number > 1) return message;
      return this.#number === consumed ? undefined : this.#withoutOffer(message);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.handling.refuse(error);
      return undefined;
    }
  }

  /** The secret of a session is nobody else's business, and must not be passed on. */
  #withoutOffer(message: Message): Message {
    return message.has(offerParameter) ? message.without(offerParameter) : message;
  }

  /** A line that is no message has its number all the same: the other side has counted it. */
  #read(text: string, start: number, end: number): Message | undefined {
    try {
      return decode(text, start, end);
    } catch (error) {
      this.#link.role.session?.unreadable();
      throw error;
    }
  }
}
