// What the records of an earlier life add up to.

import type { Damage } from './log/recovery.ts';
import type { Segment } from './log/segment.ts';
import { numberOf } from './log/segment.ts';
import type { KnownDamage, Standing, StoredMessage, StoredSession } from './notes.ts';
import { kind, readConfirmed, readId, readKnown, readMessage, readStanding } from './notes.ts';

/** A message with the place of its latest record. */
export interface Placed {
  readonly message: StoredMessage;
  readonly segment: Segment;
  readonly size: number;
}

/** What the last life left. */
export interface Recovered {
  /** The session to go on with; undefined where there was none, or where damage made its count doubtful. */
  readonly session: StoredSession | undefined;
  /** Messages confirmed in that session. */
  readonly confirmed: number;
  /** The messages that had not ended, in their order. */
  readonly messages: readonly StoredMessage[];
  /** Stretches that cannot be read any more; each is told once. */
  readonly damaged: readonly Damage[];
  /** Bytes of a write that was cut off: nothing in them was ever durable. */
  readonly cut: number;
}

export class Replay {
  #next = 1;
  #through = 0;
  #count = 0;
  #session: StoredSession | undefined;
  readonly #messages = new Map<number, Placed>();
  readonly #known = new Map<number, KnownDamage>();

  /** Where the client was. */
  get standing(): Standing {
    return { next: this.#next, through: this.#through, count: this.#count, session: this.#session };
  }

  /** The messages that had not ended, in their order. */
  get messages(): Placed[] {
    return [...this.#messages.values()]
      .filter(({ message }) => message.id > this.#through)
      .sort((a, b) => a.message.id - b.message.id);
  }

  /** Takes the next record. A type that is not known is passed by. */
  take(type: number, body: Buffer, size: number, segment: Segment): void {
    if (type === kind.message) this.#placed({ message: readMessage(body), segment, size });
    else if (type === kind.withdrawn) this.#withdrawn(readId(body));
    else if (type === kind.confirmed) this.#confirmed(readConfirmed(body));
    else if (type === kind.standing) this.#stands(readStanding(body));
    else if (type === kind.known) for (const one of readKnown(body)) this.#known.set(one.segment, one);
  }

  /** The damage that no earlier recovery has told. */
  news(damaged: readonly Damage[]): Damage[] {
    const known = new Set(
      damageOf(damaged)
        .filter(({ segment, places, bytes }) => {
          const before = this.#known.get(segment);
          return before?.places === places && before.bytes === bytes;
        })
        .map(({ segment }) => segment),
    );
    return damaged.filter(({ segment }) => !known.has(numberOf(segment) ?? 0));
  }

  #placed(placed: Placed): void {
    const { id } = placed.message;
    this.#messages.set(id, placed);
    this.#next = Math.max(this.#next, id + 1);
  }

  /** One that ended before it was written has its id all the same. */
  #withdrawn(id: number): void {
    this.#messages.delete(id);
    this.#next = Math.max(this.#next, id + 1);
  }

  #confirmed({ count, through }: { count: number; through: number }): void {
    this.#count = count;
    this.#ended(through);
  }

  #stands({ next, through, count, session }: Standing): void {
    this.#next = Math.max(this.#next, next);
    this.#count = count;
    this.#session = session;
    this.#ended(through);
  }

  #ended(through: number): void {
    if (through <= this.#through) return;
    const isShort = through - this.#through < this.#messages.size;
    if (isShort) for (let id = this.#through + 1; id <= through; id += 1) this.#messages.delete(id);
    else for (const id of this.#messages.keys()) if (id <= through) this.#messages.delete(id);
    this.#through = through;
  }
}

/** The damage of each segment, added up. */
export function damageOf(damaged: readonly Damage[]): KnownDamage[] {
  const sums = new Map<number, KnownDamage>();
  for (const { segment, bytes } of damaged) {
    const number = numberOf(segment) ?? 0;
    const { places, bytes: before } = sums.get(number) ?? { places: 0, bytes: 0 };
    sums.set(number, { segment: number, places: places + 1, bytes: before + bytes });
  }
  return [...sums.values()];
}
