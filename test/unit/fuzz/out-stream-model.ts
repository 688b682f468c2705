// The sender's side of a session in the plainest way: two lists, looked through from the front each time.

import type { Fate, StreamLimits } from '../../../lib/session/index.ts';

export interface Entry {
  readonly id: number;
  readonly bytes: number;
  readonly expires: number;
  fate?: Fate;
  /** It went out in a session that is lost. */
  again?: true;
}

export class OutModel {
  /** What became of each entry, in the order of its telling: `7 confirmed`. */
  readonly fates: string[] = [];
  waiting: Entry[] = [];
  underWay: Entry[] = [];
  ended = 0;
  outNow = 0;
  now = 0;
  #acknowledged = 0;
  readonly #limits: StreamLimits;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  /** Those without a fate. */
  get length(): number {
    return this.held - this.underWay.filter(({ fate }) => fate !== undefined).length;
  }

  get held(): number {
    return this.waiting.length + this.underWay.length;
  }

  get bytes(): number {
    return [...this.waiting, ...this.underWay].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get sent(): number {
    return this.ended + this.underWay.length;
  }

  /** The first moment at which something that waits is too old. */
  get earliest(): number {
    return Math.min(...this.waiting.map(({ expires }) => expires));
  }

  canBe(count: number): boolean {
    return count >= this.#acknowledged && count <= this.sent;
  }

  /** Whether the entry was taken. */
  push(entry: Entry): boolean {
    const { count, bytes, whenFull } = this.#limits;
    const fits = (): boolean => this.held < count && this.bytes + entry.bytes <= bytes;
    if (!fits()) this.expire();
    while (!fits() && this.underWay[0]?.fate !== undefined) this.#end('sent');
    if (entry.bytes > bytes || count === 0) return false;
    const wayBytes = this.underWay.reduce((sum, one) => sum + one.bytes, 0);
    const helps = this.underWay.length < count && wayBytes + entry.bytes <= bytes;
    if (!fits() && (whenFull !== 'drop-oldest' || !helps)) return false;
    const oldest: Entry[] = [];
    for (; !fits(); ) oldest.push(this.waiting.shift() as Entry);
    this.waiting.push(entry);
    for (const one of oldest) this.#settle(one, 'dropped');
    return true;
  }

  next(): Entry | undefined {
    if (this.outNow === this.underWay.length) {
      const entry = this.waiting.shift();
      if (entry === undefined) return undefined;
      this.underWay.push(entry);
    }
    this.outNow += 1;
    return this.underWay[this.outNow - 1];
  }

  confirm(count: number): boolean {
    if (!this.canBe(count)) return false;
    this.#acknowledged = count;
    while (this.ended < count) this.#end('confirmed');
    return true;
  }

  rewind(received: number): boolean {
    if (!this.canBe(received)) return false;
    this.ended = Math.min(this.ended, received);
    this.outNow = received - this.ended;
    return true;
  }

  recover(ended: number, entries: readonly Entry[]): void {
    this.ended = ended;
    this.underWay = [...entries];
  }

  linkLost(): void {
    this.outNow = 0;
  }

  markSent(): void {
    for (const entry of this.underWay.slice(0, this.outNow)) this.#settle(entry, 'sent');
  }

  settleSent(): void {
    while (this.outNow > 0) this.#end('sent');
  }

  restart(choice: 'resend' | 'report'): void {
    const again = this.underWay.filter(({ fate }) => fate === undefined);
    for (const entry of again) entry.again = true;
    if (choice === 'resend') this.waiting = [...again, ...this.waiting];
    else for (const entry of again) this.#settle(entry, 'lost');
    this.underWay = [];
    this.ended = 0;
    this.outNow = 0;
    this.#acknowledged = 0;
  }

  expire(): void {
    this.#leave(
      ({ expires }) => expires <= this.now,
      ({ again }) => (again ? 'lost' : 'expired'),
    );
  }

  withdraw(id: number): boolean {
    return this.#leave(
      entry => entry.id === id && !entry.again,
      () => 'withdrawn',
    );
  }

  abandon(): number {
    const { length } = this;
    for (const entry of [...this.underWay, ...this.waiting]) this.#settle(entry, 'abandoned');
    this.ended += this.underWay.length;
    this.underWay = [];
    this.waiting = [];
    this.outNow = 0;
    return length;
  }

  #leave(matches: (entry: Entry) => boolean, fate: (entry: Entry) => Fate): boolean {
    const left = this.waiting.filter(matches);
    this.waiting = this.waiting.filter(entry => !matches(entry));
    for (const entry of left) this.#settle(entry, fate(entry));
    return left.length > 0;
  }

  #end(fate: Fate): void {
    const entry = this.underWay.shift() as Entry;
    this.ended += 1;
    this.outNow = Math.max(0, this.outNow - 1);
    this.#settle(entry, fate);
  }

  #settle(entry: Entry, fate: Fate): void {
    if (entry.fate !== undefined) return;
    entry.fate = fate;
    this.fates.push(`${entry.id} ${fate}`);
  }
}
