// One direction of a session, seen from its receiver: what came, what was taken up, what was handled.
//
//   arrive ─▶ (held back) ─take▶ taken up ─done▶ handled ─acknowledge▶ acknowledged
//
// Answers overtake messages that a handler holds back, and handlers may end out of order (with `concurrency`
// above 1). So two rows are kept, of what was taken up and of what was handled; the unbroken part of the first says
// where a new link goes on, that of the second is acknowledged.

/** At the latest at the end of the turn in which so many messages are handled an acknowledgement goes out. */
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

  /** The marked ones behind a gap. */
  get early(): Iterable<number> {
    return this.#early;
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
  /** Numbers of what was refused: the last ones, and those of them that were not told yet on the present link. */
  readonly #refused: number[] = [];
  #untold: number[] = [];
  /** Handled behind one that is still being handled, and not told yet on the present link. */
  #beyond: number[] = [];

  /** Where a new link goes on: all up to here were taken up. */
  get received(): number {
    return this.#taken.unbroken;
  }

  /** Handled and not yet acknowledged on the present link. */
  get unacknowledged(): number {
    return this.#handled.unbroken - this.#acknowledged;
  }

  /** What there is to tell: those, and those behind one that still is being handled. */
  get owed(): number {
    return this.unacknowledged + this.#beyond.length;
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
    if (number > this.#handled.unbroken) this.#beyond.push(number);
    else if (this.#beyond.length > 0) this.#beyond = this.#beyond.filter(one => one > this.#handled.unbroken);
  }

  /** Those that were handled behind one that still is, and not told yet. */
  get beyond(): readonly number[] {
    return this.#beyond;
  }

  /** The count to acknowledge. */
  get handled(): number {
    return this.#handled.unbroken;
  }

  /** Those among them that were refused, and not told yet. */
  get refused(): readonly number[] {
    if (this.#untold.length === 0) return this.#untold;
    return this.#untold.filter(number => this.#handled.has(number)).sort((a, b) => a - b);
  }

  /** It cannot be read, or its handler would not take it; handlers may end out of order. */
  refuse(number: number): void {
    this.#untold.push(number);
    this.#refused.push(number);
    if (this.#refused.length > mostRefused) this.#refused.shift();
  }

  /** The other side was told. */
  acknowledged(): void {
    this.#acknowledged = this.#handled.unbroken;
    this.#beyond = [];
    if (this.#untold.length > 0) this.#untold = this.#untold.filter(number => !this.#handled.has(number));
  }

  /**
   * A new link: the other side goes on behind what was taken up. The acknowledgements of the old link may not have
   * arrived, so all is acknowledged again.
   */
  rewind(): number {
    this.#arrived = this.received;
    this.#acknowledged = 0;
    this.#untold = [...this.#refused];
    this.#beyond = [...this.#handled.early];
    return this.received;
  }

  /** A new link, on which the other side, that never had our answer, begins with number 1 again. */
  fromTheStart(): number {
    this.rewind();
    this.#arrived = 0;
    return this.received;
  }
}
