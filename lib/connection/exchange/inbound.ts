// What comes in over a session: its numbers, and the acknowledgements that are owed for it.

import type { Cancel, Clock } from '../../base/clock.ts';
import type { Message } from '../../message/index.ts';
import { ackEvery, ackMessage, ackTime, InStream } from '../../session/index.ts';

export class Inbound {
  stream = new InStream();
  readonly #clock: Clock;
  readonly #tell: (ack: Message) => boolean;
  #timer: Cancel | undefined;
  #asked: 'no' | 'by the other side' = 'no';
  #telling: 'no' | 'soon' = 'no';

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

  /** A handler would not take it; `done` follows. */
  refuse(number: number, stream: object): void {
    if (stream === this.stream) this.stream.refuse(number);
  }

  /** A line that could not be read was refused, and that is the end of it. */
  unreadable(): void {
    const number = this.stream.arrive();
    if (number === 0) return;
    this.stream.take(number);
    this.stream.refuse(number);
    this.done(number, this.stream);
  }

  /** Sees that what was handled is acknowledged in time. */
  owe(): void {
    const { owed } = this.stream;
    if (owed === 0) return;
    if (this.#asked === 'by the other side') this.acknowledge();
    else if (owed >= ackEvery) this.#acknowledgeSoon();
    else this.#timer ??= this.#clock.after(ackTime, () => this.acknowledge());
  }

  /** Tells what was handled. */
  acknowledge(): void {
    this.stopTimer();
    if (this.stream.owed > 0) this.#say(false);
  }

  /** With all that is handled until then: one acknowledgement for a turn that handles hundreds. */
  #acknowledgeSoon(): void {
    if (this.#telling === 'soon') return;
    this.#telling = 'soon';
    queueMicrotask(() => {
      this.#telling = 'no';
      this.acknowledge();
    });
  }

  /** The other side waits for an acknowledgement: now, or as soon as there is something to tell. */
  asked(): void {
    this.#asked = 'by the other side';
    this.owe();
  }

  /** Asks the other side for one. */
  ask(): void {
    this.#say(true);
  }

  #say(asks: boolean): void {
    const { stream } = this;
    if (!this.#tell(ackMessage({ count: stream.handled, refused: stream.refused, beyond: stream.beyond, asks })))
      return;
    stream.acknowledged();
    this.#asked = 'no';
  }

  /** The session is lost, or over: what handlers of it still do does not count. */
  restart(): void {
    this.stopTimer();
    this.stream = new InStream();
  }

  stopTimer(): void {
    this.#timer?.();
    this.#timer = undefined;
  }
}
