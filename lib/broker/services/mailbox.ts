// What waits for one service, and what is under way to its processes.
//
//   put ─▶ waiting ─hand▶ under way ─confirmed▶ settled
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
import type { BrokerLimits } from '../options.ts';
import type { Party } from './party.ts';

/** All mailboxes together hold so many times what one may. */
const allMailboxes = 16;

/** A message for a service, until its fate is known. */
export interface Letter {
  readonly message: Message;
  /** Who sent it, for the share of each. */
  readonly sender: string;
  readonly bytes: number;
  /** On the clock: not handed over later than that. */
  readonly expires: number;
  /** Its place in the store; 0 where it is in memory alone. */
  stored: number;
  /** Its place in the order. */
  number: number;
  /** Told once what became of it: nothing where it was handled. */
  settle(failure?: Error): void;
}

export class Mailbox {
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
  readonly #shares = new Map<string, number>();
  #waiting: Letter[] = [];
  #head = 0;
  #underWay = 0;
  #bytes = 0;
  #numbers = 0;
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

  /** @throws Refusal where there is no room for it: nothing was taken */
  put(letter: Letter): void {
    const { count, bytes, pair } = this.#limits;
    const share = this.#shares.get(letter.sender) ?? 0;
    const { length } = this;
    const tooMuch = this.#bytes + letter.bytes > bytes || this.#all.bytes + letter.bytes > allMailboxes * bytes;
    if (length >= count || tooMuch || share >= pair) {
      const all = `${this.#bytes} bytes (${this.#all.bytes} of all services)`;
      const whose = share >= pair ? `${share} of this sender` : `${length} messages, ${all}`;
      const cause = new LimitError('OUTBOX_FULL', `${whose} wait for ${this.name}`);
      throw new Refusal(cause.message, letter.message.command, { cause });
    }
    this.#numbers += 1;
    letter.number = this.#numbers;
    this.counts.taken += 1;
    this.#bytes += letter.bytes;
    this.#all.bytes += letter.bytes;
    this.#shares.set(letter.sender, share + 1);
    this.#waiting.push(letter);
    if (this.#pumping === 'at once') this.#pump();
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
      this.#pump();
    });
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

  #pump(): void {
    while (this.waiting > 0) {
      const member = this.#choose();
      if (member === undefined) return;
      const letter = this.#next();
      if (letter.expires > this.#clock.now()) this.#hand(letter, member);
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

  #hand(letter: Letter, member: Party): void {
    const { peer } = member;
    member.handed += 1;
    // An answer may go to whoever asks again, elsewhere: no confirmation of it comes back.
    if (peer.session === undefined || letter.message.has(answerParameter)) return this.#send(letter, member);
    member.underWay += 1;
    this.#underWay += 1;
    const over = (): void => {
      member.underWay -= 1;
      this.#underWay -= 1;
    };
    peer.deliver(letter.message).then(
      () => {
        over();
        this.#settle(letter);
        if (this.#pumping === 'at once') this.#pump();
        if (member.state === 'leaving' && member.underWay === 0) peer.close();
      },
      (error: unknown) => {
        over();
        this.#failed(letter, error, member);
      },
    );
  }

  #send(letter: Letter, member: Party): void {
    try {
      if (member.peer.send(letter.message) === 'queued' && member.peer.session === undefined) member.outlet = 'full';
    } catch (error) {
      // It has closed, or will in a moment.
      if (member.peer.session === undefined) member.outlet = 'full';
      return this.#failed(letter, error, member);
    }
    this.#settle(letter);
  }

  /** What its process has refused is done with; all else comes back, to its place. */
  #failed(letter: Letter, error: unknown, member: Party): void {
    const isFull = error instanceof LimitError && error.code === 'OUTBOX_FULL';
    const isTooLong = isFull && member.peer.session?.out.length === 0;
    // Its session tells when there is room again. Until then it is not tried in vain.
    if (isFull && !isTooLong) member.outlet = 'full';
    if (error instanceof PeerError || this.#isOwnFault(error) || isTooLong) {
      return this.#settle(
        letter,
        new Refusal(`${this.name}: ${reasonOf(error)}`, letter.message.command, { cause: error }),
      );
    }
    this.counts.returned += 1;
    const left = this.#left();
    let at = left.length;
    while (at > 0 && (left[at - 1]?.number ?? 0) > letter.number) at -= 1;
    left.splice(at, 0, letter);
    this.#waiting = left;
    this.#head = 0;
    this.pumpSoon();
  }

  /** It cannot be sent to anybody: a session's own command, say. */
  #isOwnFault(error: unknown): boolean {
    return error instanceof Error && error.name === 'UsageError';
  }

  #settle(letter: Letter, failure?: Error): void {
    this.#bytes -= letter.bytes;
    this.#all.bytes -= letter.bytes;
    const share = (this.#shares.get(letter.sender) ?? 1) - 1;
    if (share > 0) this.#shares.set(letter.sender, share);
    else this.#shares.delete(letter.sender);
    this.counts[failure === undefined ? 'handled' : 'failed'] += 1;
    letter.settle(failure);
  }
}

/** About what it takes in memory and on the wire. */
export function sizeOf({ list, command }: Message): number {
  let size = 64 + command.length;
  for (const text of list) size += text.length + 1;
  return size;
}
