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
import { LetterRow } from './letter-row.ts';
import { LongHeld } from './long-held.ts';
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
  readonly #waiting = new LetterRow();
  readonly #longHeld = new LongHeld();
  #underWay = 0;
  #bytes = 0;
  #turn = 0;
  #pumping: 'at once' | 'soon' = 'at once';
  /** `stuck`: it had something to do at two looks, and nothing of it was done between them. */
  #pace: 'moves' | 'stuck' = 'moves';
  /** What was done at the last look; undefined where there was nothing to do. */
  #doneBefore: number | undefined;

  /** @param all what waits in all mailboxes of the broker */
  constructor(name: string, limits: BrokerLimits, clock: Clock, all: { bytes: number }) {
    this.name = name;
    this.#all = all;
    this.#limits = limits;
    this.#clock = clock;
  }

  get waiting(): number {
    return this.#waiting.length;
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
    // The way of most: nobody waits before it, and there is one process, which takes it.
    const member = this.members[0];
    const isNext =
      this.waiting === 0 && this.members.length === 1 && this.#pumping === 'at once' && letter.expires > now;
    if (isNext && member?.takes(this.#limits.window)) return this.#hand(letter, member, now);
    this.#waiting.insert(letter);
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
    const { count, bytes } = this.#limits;
    const { length } = this;
    const isRoom = this.#bytes + letter.bytes <= bytes && this.#all.bytes + letter.bytes <= allMailboxes * bytes;
    const isOver = this.#pace === 'stuck' && share.count >= this.#limits.pair;
    if (length < count && isRoom && !isOver) return;
    if (share.count === 0) this.#shares.delete(share.sender);
    const all = `${length} messages, ${this.#bytes} bytes (${this.#all.bytes} of all services)`;
    throw this.#full(letter, isOver ? `${share.count} of this sender` : all);
  }

  #full({ message }: Letter, whose: string): Refusal {
    const cause = new LimitError('OUTBOX_FULL', `${whose} wait for ${this.name}`);
    return new Refusal(cause.message, message.command, { cause });
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
    this.#expire();
    const going = this.#waiting.remove(({ message }) => mayGo(message));
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

  /** Once in a while: fails what has waited for too long, gives texts of its own to what stays, and where nothing moves, what is more than a sender's share. */
  look(): void {
    this.#expire();
    this.#longHeld.look(this.#waiting, this.members);
    const { handled, failed } = this.counts;
    const done = handled + failed;
    if (this.length === 0) this.#doneBefore = undefined;
    else if (done !== this.#doneBefore) this.#doneBefore = done;
    else this.#refuseYoungest();
  }

  #expire(): void {
    const now = this.#clock.now();
    for (const letter of this.#waiting.remove(({ expires }) => expires <= now)) this.#late(letter);
  }

  /** A sender may have so much unconfirmed, and one service that is stuck must not take all of it from the others. */
  #refuseYoungest(): void {
    const { pair } = this.#limits;
    this.#pace = 'stuck';
    const tooMany = new Map<Share, number>();
    const isTooMuch = ({ share }: Letter): boolean => {
      if (share === undefined) return false;
      const more = tooMany.get(share) ?? share.count - pair;
      tooMany.set(share, more - 1);
      return more > 0;
    };
    for (const letter of this.#waiting.remove(isTooMuch))
      this.#settle(letter, this.#full(letter, `${pair} of this sender`));
    this.#doneBefore = this.counts.handled + this.counts.failed;
  }

  #late(letter: Letter): void {
    this.#settle(letter, new Refusal(`service ${this.name} did not take it in time`, letter.message.command));
  }

  /** Whether it can be forgotten. */
  get isIdle(): boolean {
    return this.members.length === 0 && this.length === 0;
  }

  /** Ends early where something comes back: that goes first. */
  #pump(now: number): void {
    while (this.waiting > 0 && this.#pumping === 'at once') {
      const member = this.#choose();
      if (member === undefined) return;
      const letter = this.#waiting.shift();
      if (letter.expires > now) this.#hand(letter, member, now);
      else this.#late(letter);
    }
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
    this.#waiting.insert(letter);
    this.pumpSoon();
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
    if (failure === undefined) this.#pace = 'moves';
    letter.settle(letter, failure);
  }
}
