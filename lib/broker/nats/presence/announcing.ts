// What this broker says about itself: a sign of life at each beat, and its whole presence at each change and when asked.
//
// A presence of some MB in a storm of changes would fill the network: so what was said takes its time before more is said. Until
// then beats tell the serial of the last that went out, so that nobody asks for what comes anyway.

import type { Cancel, Clock } from '../../../base/clock.ts';
import { reasonOf } from '../../../base/errors.ts';
import { guarded } from '../../../base/guard.ts';
import type { Nats } from '../../../connection/index.ts';
import type { Presence } from '../../cluster.ts';
import type { Subjects } from '../wire.ts';
import { packed, readWanted } from '../wire.ts';
import type { Cut } from './parts.ts';
import { cut } from './parts.ts';

/** Of presences so many bytes a second go out at the most; one of so few bytes goes out at once. */
const pace = { bytesPerSecond: 4 * 1024 * 1024, few: 16 * 1024 } as const;

export interface AnnouncingOwner {
  readonly nats: Pick<Nats, 'line' | 'longest' | 'publish'>;
  readonly subjects: Subjects;
  readonly clock: Clock;
  /** `trouble` is another one than before. */
  changed(): void;
}

/** What is said, and how it was cut for the server of NATS that we were at. */
interface Said extends Cut {
  readonly presence: Presence;
  readonly longest: number;
}

export class Announcing {
  readonly #owner: AnnouncingOwner;
  #presence: Presence | undefined;
  #said: Said | undefined;
  /** Numbers of packets that are to go out; `all` of a presence that is not cut yet. */
  #due: Set<number> | 'all' = new Set();
  /** On the clock: nothing of it before. */
  #notBefore = 0;
  #cancel: Cancel | undefined;
  #trouble: string | undefined;

  constructor(owner: AnnouncingOwner) {
    this.#owner = owner;
  }

  get presence(): Presence | undefined {
    return this.#presence;
  }

  /** Why others do not know all; undefined where they can. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** From now on this is what there is to say. */
  note(presence: Presence): void {
    this.#presence = presence;
  }

  /** Says the whole, as soon as may be. */
  whole(): void {
    this.#due = 'all';
    this.#tell();
  }

  /** A sign of life; and what could not go out before. */
  beat(): void {
    this.say(this.#owner.subjects.here, {});
    this.#tell();
  }

  /** Somebody asks for all, or for parts of it. */
  asked(head: Record<string, unknown>): void {
    const wanted = readWanted(head);
    const said = this.#said;
    if (this.#due === 'all') return;
    const isKnown = wanted?.serial === said?.presence.serial && wanted?.of === said?.packets.length;
    if (wanted === undefined || !isKnown) return this.whole();
    for (const number of wanted.missing) this.#due.add(number);
    this.#tell();
  }

  /** Nothing of this is worth keeping: while there is no connection it is not said. */
  say(subject: string, more: object): void {
    const { nats } = this.#owner;
    const presence = this.#said?.presence ?? this.#presence;
    if (presence === undefined || nats.line === undefined) return;
    const { server, life, serial } = presence;
    guarded(
      () => nats.publish(subject, packed({ server, life, serial, ...more })),
      () => undefined,
    );
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#due = new Set();
  }

  #tell(): void {
    const { nats, clock } = this.#owner;
    const left = this.#notBefore - clock.now();
    if (this.#due !== 'all' && this.#due.size === 0) return;
    if (nats.line === undefined || this.#cancel !== undefined) return;
    if (left > 0) {
      this.#cancel = clock.after(left, () => {
        this.#cancel = undefined;
        this.#tell();
      });
      return;
    }
    const bytes = this.#publish();
    this.#notBefore = bytes <= pace.few ? 0 : clock.now() + (bytes * 1_000) / pace.bytesPerSecond;
  }

  /** Says how many bytes went out; what did not is tried again at the next beat. */
  #publish(): number {
    const { packets, leftOut } = this.#cutNow();
    const due = this.#due === 'all' ? new Set(packets.keys()) : this.#due;
    this.#due = due;
    let [bytes, trouble] = [
      0,
      leftOut === 0 ? undefined : `of the presence ${leftOut} services do not fit into packets`,
    ];
    for (const number of due) {
      const packet = packets[number];
      try {
        if (packet !== undefined) this.#owner.nats.publish(this.#owner.subjects.here, packet);
      } catch (error) {
        trouble = `the presence is not told to others: ${reasonOf(error)}`;
        break;
      }
      bytes += packet?.length ?? 0;
      due.delete(number);
    }
    this.#tellTrouble(trouble);
    return bytes;
  }

  #cutNow(): Said {
    const { longest } = this.#owner.nats;
    const presence = this.#presence as Presence;
    if (this.#due === 'all' || this.#said === undefined || this.#said.longest !== longest) {
      this.#said = { ...cut(presence, longest), presence, longest };
      this.#due = 'all';
    }
    return this.#said;
  }

  #tellTrouble(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#owner.changed();
  }
}
