// What waits for one service, and what is under way to its processes.
//
//   put ─▶ waiting ─hand▶ under way ─confirmed▶ settled                    (hand over: to another broker that has it)
//             ▲  │            └─ its process is gone: back to its place, by its number ─┐
//             │  └─expired▶ failed                                                      │
//             └───────────────────────────────────────────────────────────────────────┘
//
// Messages go out in the order in which they came: first in, first out for the whole service, and so for each sender. What
// comes back from a dead process goes before all that is younger. With several processes each gets its share in that order;
// between them there is none.

import type { Clock } from '../../base/clock.ts';
import { LimitError, PeerError, Refusal, reasonOf } from '../../base/errors.ts';
import type { Message } from '../../message/index.ts';
import { answerParameter } from '../../message/index.ts';
import { markedAgain } from '../../protocol/service/index.ts';
import type { Fate } from '../../session/index.ts';
import { NotHere } from '../cluster.ts';
import type { BrokerLimits } from '../options.ts';
import type { Letter, LetterBox, Share } from './letter.ts';
import type { Party } from './party.ts';

/** All mailboxes together hold so many times what one may. */
const allMailboxes = 16;

export class Mailbox implements LetterBox {
  readonly name: string;
  /** Its processes, the oldest first. */
  readonly members: Party[] = [];
  /** Since when nobody is there, in seconds since 1970; 0 where nobody ever was. */
  downSince = 0;
  /** Messages by what became of them. */
  readonly counts = { taken: 0, handled: 0, failed: 0, returned: 0 };
  readonly #limits: BrokerLimits;
  readonly #clock: Clock;
  readonly #all: { bytes: number };
  readonly #shares = new Map<string, Share>();
  #waiting: Letter[] = [];
  #head = 0;
  #underWay = 0;
  #bytes = 0;
  #turn = 0;
  #pumping: 'at once' | 'soon' = 'at once';

  /** @param all what waits in all mailboxes of the broker */
  constructor(name: string, limits: BrokerLimits, clock: Clock, all: { bytes: number }) {
    this.name = name;
    this.#all = all;
    this.#limits = limits;
    this.#clock = clock;
  }

  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  get underWay(): number {
    return this.#underWay;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether one of its processes is there. */
  get isUp(): boolean {
    return this.members.some(({ state }) => state === 'member');
  }

  /** `now` is on the clock. @throws Refusal where there is no room for it: nothing was taken */
  put(letter: Letter, now: number): void {
    const share = this.#shareOf(letter.message.from.service);
    this.#checkRoom(letter, share);
    letter.share = share;
    this.counts.taken += 1;
    this.#bytes += letter.bytes;
    this.#all.bytes += letter.bytes;
    share.count += 1;
    this.#queue(letter);
    if (this.#pumping === 'at once') this.#pump(now);
  }

  #shareOf(sender: string): Share {
    const found = this.#shares.get(sender);
    if (found !== undefined) return found;
    const share = { sender, count: 0 };
    this.#shares.set(sender, share);
    return share;
  }

  #checkRoom(letter: Letter, share: Share): void {
    const { count, bytes, pair } = this.#limits;
    const { length } = this;
    const isRoom = this.#bytes + letter.bytes <= bytes && this.#all.bytes + letter.bytes <= allMailboxes * bytes;
    if (length < count && isRoom && share.count < pair) return;
    if (share.count === 0) this.#shares.delete(share.sender);
    const all = `${this.#bytes} bytes (${this.#all.bytes} of all services)`;
    const whose = share.count >= pair ? `${share.count} of this sender` : `${length} messages, ${all}`;
    const cause = new LimitError('OUTBOX_FULL', `${whose} wait for ${this.name}`);
    throw new Refusal(cause.message, letter.message.command, { cause });
  }

  /** Messages here: those that wait, and those under way. */
  get length(): number {
    return this.waiting + this.#underWay;
  }

  /** Hands over what can be, after all that comes back in this round of the loop is back. */
  pumpSoon(): void {
    if (this.#pumping === 'soon') return;
    this.#pumping = 'soon';
    setImmediate(() => {
      this.#pumping = 'at once';
      this.#pump(this.#clock.now());
    });
  }

  /** Gives what waits, and may go, to another broker, in order; says how many. What is not taken there comes back. */
  handOver(forward: (message: Message) => Promise<void>, mayGo: (message: Message) => boolean): number {
    this.expire();
    const left = this.#left();
    const going = left.filter(({ message }) => mayGo(message));
    if (going.length === 0) return 0;
    this.#waiting = left.filter(({ message }) => !mayGo(message));
    this.#head = 0;
    for (const letter of going) {
      this.#underWay += 1;
      forward(letter.outgoing).then(
        () => {
          this.#underWay -= 1;
          this.#settle(letter);
        },
        (error: unknown) => {
          this.#underWay -= 1;
          this.#failed(letter, error);
        },
      );
    }
    return going.length;
  }

  /** Fails what has waited for too long. */
  expire(): void {
    const now = this.#clock.now();
    const late: Letter[] = [];
    const kept = this.#left().filter(letter => {
      if (letter.expires > now) return true;
      late.push(letter);
      return false;
    });
    if (late.length === 0) return;
    this.#waiting = kept;
    this.#head = 0;
    for (const letter of late) this.#late(letter);
  }

  #late(letter: Letter): void {
    this.#settle(letter, new Refusal(`service ${this.name} did not take it in time`, letter.message.command));
  }

  /** Whether it can be forgotten. */
  get isIdle(): boolean {
    return this.members.length === 0 && this.length === 0;
  }

  #left(): Letter[] {
    return this.#waiting.slice(this.#head);
  }

  /** Ends early where something comes back: that goes first. */
  #pump(now: number): void {
    while (this.waiting > 0 && this.#pumping === 'at once') {
      const member = this.#choose();
      if (member === undefined) return;
      const letter = this.#next();
      if (letter.expires > now) this.#hand(letter, member, now);
      else this.#late(letter);
    }
  }

  #next(): Letter {
    const letter = this.#waiting[this.#head] as Letter;
    this.#waiting[this.#head] = undefined as unknown as Letter;
    this.#head += 1;
    if (this.#head > 64 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#left();
      this.#head = 0;
    }
    return letter;
  }

  #choose(): Party | undefined {
    const { window } = this.#limits;
    const { members } = this;
    if (members.length === 1) return members[0]?.takes(window) ? members[0] : undefined;
    const able = members.filter(member => member.takes(window));
    const share = able[0]?.share;
    if (share === 'round_robin') {
      this.#turn += 1;
      return able[this.#turn % able.length];
    }
    if (share === 'least_pending') return able.reduce((a, b) => (b.underWay < a.underWay ? b : a), able[0] as Party);
    return able[0];
  }

  #hand(letter: Letter, member: Party, now: number): void {
    const { session } = member.peer;
    member.handed += 1;
    // An answer may go to whoever asks again, elsewhere: no confirmation of it comes back.
    if (session === undefined || letter.message.has(answerParameter)) return this.#send(letter, member);
    letter.handed(this, member);
    member.underWay += 1;
    this.#underWay += 1;
    try {
      session.send(letter.outgoing, letter, now);
    } catch (error) {
      this.#over(member);
      this.#failed(letter, error, member);
    }
  }

  /** As `LetterBox`. */
  told(letter: Letter, member: Party, fate: Fate, reason: LimitError | undefined): void {
    this.#over(member);
    if (fate !== 'confirmed' && fate !== 'sent') {
      return this.#failed(letter, member.peer.session?.failure(fate, reason), member);
    }
    this.#settle(letter);
    if (this.waiting > 0 && this.#pumping === 'at once') this.#pump(this.#clock.now());
    if (member.state === 'leaving' && member.underWay === 0) member.peer.close();
  }

  #over(member: Party): void {
    member.underWay -= 1;
    this.#underWay -= 1;
  }

  #send(letter: Letter, member: Party): void {
    try {
      if (member.peer.send(letter.outgoing) === 'queued' && member.peer.session === undefined) member.outlet = 'full';
    } catch (error) {
      // It has closed, or will in a moment.
      if (member.peer.session === undefined) member.outlet = 'full';
      return this.#failed(letter, error, member);
    }
    this.#settle(letter);
  }

  /** What its process has refused is done with; all else comes back, to its place. */
  #failed(letter: Letter, error: unknown, member?: Party): void {
    const isFull = error instanceof LimitError && error.code === 'OUTBOX_FULL';
    const isTooLong = isFull && member?.peer.session?.out.length === 0;
    // Its session tells when there is room again. Until then it is not tried in vain.
    if (isFull && !isTooLong && member !== undefined) member.outlet = 'full';
    const isRefused = error instanceof PeerError && !(error instanceof NotHere);
    if (isRefused || this.#isOwnFault(error) || isTooLong) {
      return this.#settle(
        letter,
        new Refusal(`${this.name}: ${reasonOf(error)}`, letter.message.command, { cause: error }),
      );
    }
    this.counts.returned += 1;
    // Whoever had it in hand may have handled it, or a part.
    if (!isFull && !(error instanceof NotHere)) letter.outgoing = markedAgain(letter.outgoing);
    this.#queue(letter);
    this.pumpSoon();
  }

  /** To its place. */
  #queue(letter: Letter): void {
    if (this.waiting === 0 || (this.#waiting.at(-1)?.place ?? 0) < letter.place) {
      this.#waiting.push(letter);
      return;
    }
    const left = this.#left();
    let at = left.length;
    while (at > 0 && (left[at - 1]?.place ?? 0) > letter.place) at -= 1;
    left.splice(at, 0, letter);
    this.#waiting = left;
    this.#head = 0;
  }

  /** It cannot be sent to anybody: a session's own command, say. */
  #isOwnFault(error: unknown): boolean {
    return error instanceof Error && error.name === 'UsageError';
  }

  #settle(letter: Letter, failure?: Error): void {
    const { share } = letter;
    this.#bytes -= letter.bytes;
    this.#all.bytes -= letter.bytes;
    if (share !== undefined) share.count -= 1;
    if (share?.count === 0) this.#shares.delete(share.sender);
    this.counts[failure === undefined ? 'handled' : 'failed'] += 1;
    letter.settle(letter, failure);
  }
}
