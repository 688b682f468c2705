// One direction of a session, seen from its receiver: what came, what was taken up, what was handled.
//
//   arrive ─▶ (held back) ─take▶ taken up ─done▶ handled ─acknowledge▶ acknowledged
//
// Answers overtake messages that a handler holds back, and handlers may end out of order (with `concurrency`
// above 1). So two rows are kept, of what was taken up and of what was handled; the unbroken part of the first says
// where a new link goes on, that of the second is acknowledged.

/** At the latest after so many handled messages an acknowledgement goes out. */
export const ackEvery = 64;
/** At the latest after so many ms. */
export const ackTime = 100;

/** As many numbers of refused messages are remembered: more than a sender has under way by default. */
const mostRefused = 10_000;

/** Numbers from 1, marked in any order. */
class Row {
  /** All up to here are marked. */
  unbroken = 0;
  readonly #early = new Set<number>();

  mark(number: number): void {
    if (number !== this.unbroken + 1) {
      if (number > this.unbroken) this.#early.add(number);
      return;
    }
    this.unbroken = number;
    while (this.#early.size > 0 && this.#early.delete(this.unbroken + 1)) this.unbroken += 1;
  }

  has(number: number): boolean {
    return number <= this.unbroken || this.#early.has(number);
  }
}

export class InStream {
  readonly #taken = new Row();
  readonly #handled = new Row();
  #arrived = 0;
  #acknowledged = 0;
  /** Numbers of what was refused, in their order: the last ones, and which of them were told on the present link. */
  readonly #refused: number[] = [];
  #refusedTold = 0;

  /** Where a new link goes on: all up to here were taken up. */
  get received(): number {
    return this.#taken.unbroken;
  }

  /** Handled and not yet acknowledged on the present link. */
  get unacknowledged(): number {
    return this.#handled.unbroken - this.#acknowledged;
  }

  /** A message came over the present link; gives its number, or 0 where it was taken up before. */
  arrive(): number {
    this.#arrived += 1;
    return this.#taken.has(this.#arrived) ? 0 : this.#arrived;
  }

  /** It goes to its handler now. */
  take(number: number): void {
    this.#taken.mark(number);
  }

  /** Its handler has ended. */
  done(number: number): void {
    this.#handled.mark(number);
  }

  /** The count to acknowledge. */
  get handled(): number {
    return this.#handled.unbroken;
  }

  /** Those among them that were refused, and not told yet. */
  get refused(): readonly number[] {
    return this.#refused.slice(this.#refusedTold).filter(number => number <= this.handled);
  }

  /** It cannot be read, or its handler would not take it; handlers may end out of order. */
  refuse(number: number): void {
    let at = this.#refused.length;
    while (at > 0 && (this.#refused[at - 1] ?? 0) > number) at -= 1;
    this.#refused.splice(at, 0, number);
    if (this.#refused.length <= mostRefused) return;
    this.#refused.shift();
    this.#refusedTold = Math.max(0, this.#refusedTold - 1);
  }

  /** The other side was told. */
  acknowledged(): void {
    this.#acknowledged = this.#handled.unbroken;
    this.#refusedTold = this.#refused.filter(number => number <= this.handled).length;
  }

  /**
   * A new link: the other side goes on behind what was taken up. The acknowledgements of the old link may not have
   * arrived, so all is acknowledged again.
   */
  rewind(): number {
    this.#arrived = this.received;
    this.#acknowledged = 0;
    this.#refusedTold = 0;
    return this.received;
  }

  /** A new link, on which the other side, that never had our answer, begins with number 1 again. */
  fromTheStart(): number {
    this.rewind();
    this.#arrived = 0;
    return this.received;
  }
}
