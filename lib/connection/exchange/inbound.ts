// What comes in over a session: its numbers, and the acknowledgements that are owed for it.

import type { Cancel, Clock } from '../../base/clock.ts';
import type { Message } from '../../message/index.ts';
import { ackEvery, ackMessage, ackTime, InStream } from '../../session/index.ts';

export class Inbound {
  stream = new InStream();
  readonly #clock: Clock;
  readonly #tell: (ack: Message) => boolean;
  #timer: Cancel | undefined;

  /** `tell` sends an acknowledgement, or says that it cannot. */
  constructor(clock: Clock, tell: (ack: Message) => boolean) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** A handler has ended; one of an earlier count does not matter any more. */
  done(number: number, stream: object): void {
    if (stream !== this.stream) return;
    this.stream.done(number);
    this.owe();
  }

  /** A line that could not be read was refused, and that is the end of it. */
  unreadable(): void {
    const number = this.stream.arrive();
    if (number === 0) return;
    this.stream.take(number);
    this.done(number, this.stream);
  }

  /** Sees that what was handled is acknowledged in time. */
  owe(): void {
    const { unacknowledged } = this.stream;
    if (unacknowledged >= ackEvery) this.acknowledge();
    else if (unacknowledged > 0) this.#timer ??= this.#clock.after(ackTime, () => this.acknowledge());
  }

  /** Tells what was handled. */
  acknowledge(): void {
    this.stopTimer();
    const { stream } = this;
    if (stream.unacknowledged > 0 && this.#tell(ackMessage(stream.handled))) stream.acknowledged();
  }

  /** The session is lost: another count begins. */
  restart(): void {
    this.stopTimer();
    this.stream = new InStream();
  }

  stopTimer(): void {
    this.#timer?.();
    this.#timer = undefined;
  }
}
