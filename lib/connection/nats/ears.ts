// Who listens to which subject: from one line of NATS to the next.

import type { Cancel } from '../../base/clock.ts';
import { guarded } from '../../base/guard.ts';
import type { NatsLine, NatsPacket } from '../../transport/nats/index.ts';

interface Ear {
  readonly subject: string;
  readonly heard: (packet: NatsPacket) => unknown;
  /** Undoes the subscription at the present line. */
  cancel: Cancel;
}

const nothing: Cancel = () => undefined;

export class Ears {
  readonly #ears = new Set<Ear>();
  readonly #failed: (error: unknown) => void;
  #line: NatsLine | undefined;
  /** What came over the next line while the last one has not given all. */
  #held: (() => void)[] | undefined;
  received = 0;

  /** `failed` is told what a listener throws. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  get size(): number {
    return this.#ears.size;
  }

  add(subject: string, heard: (packet: NatsPacket) => unknown): Cancel {
    const ear: Ear = { subject, heard, cancel: nothing };
    this.#ears.add(ear);
    if (this.#line !== undefined) ear.cancel = this.#listen(ear, this.#line);
    return () => {
      if (!this.#ears.delete(ear)) return;
      ear.cancel();
    };
  }

  attach(line: NatsLine): void {
    this.#line = line;
    for (const ear of this.#ears) ear.cancel = this.#listen(ear, line);
  }

  /** As `attach`, while another line is in use: what comes is held until `release`. */
  attachNext(line: NatsLine): void {
    this.#held = [];
    this.attach(line);
  }

  /** The last line has given all it had. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const hear of held) hear();
  }

  /** The line is gone. */
  detach(): void {
    this.#line = undefined;
    for (const ear of this.#ears) ear.cancel = nothing;
  }

  /** Nothing more is wanted. */
  leave(): void {
    for (const ear of this.#ears) ear.cancel();
    this.#ears.clear();
  }

  #listen(ear: Ear, line: NatsLine): Cancel {
    const hear = (packet: NatsPacket): void => {
      if (!this.#ears.has(ear)) return;
      this.received += 1;
      guarded(() => ear.heard(packet), this.#failed);
    };
    return line.subscribe(ear.subject, packet => {
      if (line === this.#line && this.#held !== undefined) this.#held.push(() => hear(packet));
      else hear(packet);
    });
  }
}
