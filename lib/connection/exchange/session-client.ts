// The side that offers a session: clients. One session may live through many links.
//
// Where nothing is known of the other side, the offer travels on the first message (or on those of the greeting),
// and what follows is sent at once: a peer that does not know sessions just handles it. A link that is lost before
// the answer came begins again with number 1, under the same name: a server that had begun drops what it knows.
// Once both have agreed, a new link begins with ALIVE and the session's name, and all waits for SESSION.

import type { Cancel } from '../../base/clock.ts';
import type { LimitError } from '../../base/errors.ts';
import { NetworkError, PeerError, UsageError } from '../../base/errors.ts';
import { Message } from '../../message/index.ts';
import type { Carrier, Fate, HeartbeatLimits, Outgoing, SessionKey } from '../../session/index.ts';
import {
  agreementMessage,
  farewellMessage,
  heartbeatDefaults,
  isCounted,
  isRefusal,
  lateShare,
  newKey,
  readAgreement,
  withOffer,
} from '../../session/index.ts';
import type { Recovered } from '../../spool/index.ts';
import { consumed, outside } from '../link/link-role.ts';
import type { OnSessionLost, OutboxLimits } from '../parts/client-options.ts';
import { Acquaintance } from './acquaintance.ts';
import { Exchange } from './exchange.ts';
import type { SessionClientHost } from './exchange-host.ts';
import { Spooling } from './spooling.ts';

/** An other side that knows sessions has answered the offer within so many ms. */
const answerTime = 3_000;

export class SessionClient extends Exchange {
  declare protected readonly host: SessionClientHost;
  readonly #choice: OutboxLimits;
  readonly #patience: number;
  #key: SessionKey = newKey();
  #epoch: string | undefined;
  readonly #other = new Acquaintance();
  #greeting: 'under way' | 'over' = 'under way';
  #waiting: Cancel | undefined;
  readonly spooling: Spooling | undefined;
  /** Whether this process has counted in the session: one that is new has nothing to go on from. */
  #counting: 'new' | 'known' = 'known';

  constructor(host: SessionClientHost, outbox: OutboxLimits, heartbeat: HeartbeatLimits) {
    super(host, outbox, heartbeat, 'silent');
    this.#choice = outbox;
    this.#patience = heartbeat.dead || heartbeatDefaults.dead;
    if (outbox.spool !== undefined) this.spooling = new Spooling(outbox.spool, host.clock);
  }

  /** Reads what an earlier process left in the spool; nothing to wait for where there is none. @throws see `Spooling` */
  open(): Promise<Recovered> | undefined {
    return this.spooling?.open(this.out, () => this.flush());
  }

  /** What the spool had is with the exchange now: goes on in its session, where that makes sense. */
  recovered({ session, confirmed }: Recovered): void {
    if (session === undefined || (session.epoch === undefined && confirmed > 0)) {
      this.out.restart('resend');
      return this.#beginNumbers();
    }
    this.#key = session;
    this.#epoch = session.epoch;
    this.#counting = 'new';
  }

  /** Whether the next link goes on with a session. */
  get resumes(): boolean {
    return this.#epoch !== undefined;
  }

  /** The greeting goes first. */
  protected override get mayFlow(): boolean {
    return this.#greeting === 'over' && this.phase !== 'resuming';
  }

  /** A new link is open. */
  linkOpened(): void {
    this.#greeting = 'under way';
    this.#other.linkOpened();
    const { link } = this.host;
    if (!this.#choice.session) this.step('pass');
    else if (this.#epoch === undefined || link === undefined) this.step('link');
    else {
      this.step('return');
      this.life.begin(link);
      link.send(withOffer(Message.of('ALIVE'), { ...this.#key, carrier: 'resume' }));
      this.#wait(this.#patience);
    }
  }

  /** A message of the greeting as it goes out: it stands outside of the session. */
  greeting(message: Message<unknown>): Message<unknown> {
    if (this.phase === 'plain') return message;
    const carrier = this.phase === 'silent' || this.phase === 'offered' ? 'ahead' : 'resume';
    if (this.phase === 'silent') this.#offered();
    return withOffer(message, { ...this.#key, carrier });
  }

  greeted(): void {
    this.#greeting = 'over';
    this.flush();
  }

  /** Says whether what is under way lives on, for the next link. */
  linkLost(): 'kept' | 'gone' {
    this.stopTimers();
    this.#stopWaiting();
    const { phase } = this;
    const done = phase === 'offered' && this.#other.lostUnanswered() === 'done';
    if (phase === 'plain' || (phase === 'silent' && this.out.unconfirmed === 0) || done) {
      this.out.settleSent();
      this.#startAnew('resend');
      return 'gone';
    }
    this.out.linkLost();
    return 'kept';
  }

  /** The link is about to close in good order; where the client was stopped, nothing follows. */
  farewell(client: 'stopped' | 'goes on'): void {
    this.inbound.acknowledge();
    if (client === 'goes on' || this.phase !== 'agreed') return;
    this.host.link?.send(farewellMessage(this.#key.id));
    this.#key = newKey();
    this.#epoch = undefined;
    this.#beginNumbers();
  }

  protected override carrying(message: Message<unknown>, carrier: Carrier): Message<unknown> | undefined {
    if (this.phase !== 'silent') return undefined;
    this.#offered();
    return withOffer(message, { ...this.#key, carrier });
  }

  /** As long as SESSION may still come on a plain link, what went out is kept for it. */
  protected override settleSent(): void {
    if (this.#waiting === undefined) this.out.settleSent();
    else this.out.markSent();
  }

  protected override store(outgoing: Outgoing): void {
    if (this.spooling !== undefined) this.spooling.store(outgoing);
    else if (outgoing.teller?.onStored) throw new UsageError('INVALID_VALUE', 'nothing is stored without a spool');
  }

  override failure(fate: Fate, reason: LimitError | undefined): Error {
    if (fate !== 'abandoned' || !this.spooling?.keeps) return super.failure(fate, reason);
    return new NetworkError('ABANDONED', 'ended before it was confirmed; the spool keeps it', { cause: this.end });
  }

  protected override mayGo(outgoing: Outgoing): boolean {
    return this.spooling?.mayGo(outgoing) ?? true;
  }

  protected override settle(outgoing: Outgoing, fate: Fate, reason?: LimitError): void {
    this.spooling?.settled(outgoing, fate);
    super.settle(outgoing, fate, reason);
  }

  protected override arriveEarly(message: Message): number {
    if (message.command === 'SESSION' && this.#choice.session) return this.control(message);
    if (this.phase !== 'offered' && this.phase !== 'resuming') return outside;
    const spoke = this.#other.spoke();
    // ABSOLUTELY answers the ALIVE of our return: the session's name on it said nothing to this peer.
    if (isRefusal(message) || (this.phase === 'resuming' && message.command === 'ABSOLUTELY')) {
      this.#pass();
      return isCounted(message) && message.get('command') === undefined ? outside : consumed;
    }
    if (this.phase === 'offered' && spoke === 'passes by') this.#turnPlain();
    return outside;
  }

  protected override control(message: Message): number {
    const ours = this.phase === 'resuming' && message.get('id') === this.#key.id;
    if (ours && !/^\d+$/.test(message.get('received') ?? '')) return this.#broken('it has received what is no count');
    const { id, epoch, received } = readAgreement(message);
    if (id !== this.#key.id || received === undefined || this.phase === 'agreed' || this.phase === 'silent') {
      throw new PeerError('INVALID_MESSAGE', 'this session was not offered now', 'SESSION');
    }
    const { link } = this.host;
    if (link?.canSend !== true) return consumed;
    this.#other.saidSession();
    if (this.#waiting === undefined) {
      // Nobody waits for it any more: the link ends in good order, and the next one begins with the offer.
      link.drain();
      return consumed;
    }
    const same = this.#epoch === undefined || this.#epoch === epoch;
    if (!same && received > 0) return this.#broken(`it is another life of the session, at ${received}`);
    if (same && !this.out.canBe(received)) return this.#broken(`it has received ${received} of ${this.out.sent}`);
    this.#stopWaiting();
    if (this.phase === 'resuming') this.#resume(epoch, received);
    else this.life.begin(link);
    if (this.#epoch !== epoch) this.spooling?.session(this.#key, epoch, 'goes on');
    this.#epoch = epoch;
    if (this.inbound.stream.received > 0) this.#counting = 'known';
    this.agreed();
    return consumed;
  }

  protected override refused(): number {
    return this.#broken('it refused our answer');
  }

  #resume(epoch: string, theirs: number): void {
    if (this.#epoch === epoch) this.out.rewind(theirs);
    else this.#lost();
    const received = this.inbound.stream.rewind();
    const mine = { id: this.#key.id, epoch, received: this.#counting === 'new' ? undefined : received };
    this.host.link?.send(agreementMessage(mine));
  }

  #offered(): void {
    this.step('offer');
    if (!this.#other.isKnown || this.host.link === undefined) {
      this.#wait(answerTime);
      if (this.#other.isStranger) this.step('pass');
      return;
    }
    this.life.begin(this.host.link);
    this.#wait(this.#patience);
  }

  #wait(ms: number): void {
    this.#stopWaiting();
    const { clock } = this.host;
    const late = clock.now() + ms * (1 + lateShare);
    // Late, since this process was stopped itself: it first reads what may be there.
    this.#waiting = clock.after(ms, () => (clock.now() > late ? this.#wait(answerTime) : this.#unanswered()));
  }

  #stopWaiting(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }

  /** Silence says nothing of what a peer knows that knew sessions: only one that spoke, of other things, has forgotten. */
  #unanswered(): void {
    // Held by a handler, it has not read what may be there.
    if (this.host.link?.listens === false) return this.#wait(this.#other.isKnown ? this.#patience : answerTime);
    const mayKnow = this.phase !== 'plain' && this.#other.isKnown && this.#other.isSilent;
    if (!mayKnow) return this.#pass();
    this.host.link?.destroy(new NetworkError('SILENT', 'no answer to the offer of the session'));
  }

  /** The other side does not know sessions, or not this one. */
  #pass(): void {
    this.#stopWaiting();
    if (this.phase === 'resuming') {
      this.life.end();
      this.#startAnew(this.#choice.onSessionLost);
    }
    this.#other.showsItself();
    this.#turnPlain();
  }

  #turnPlain(): void {
    this.step('pass');
    this.flush();
    this.host.link?.settled();
  }

  /** The other side makes no sense: the link ends, and the next one begins another session. */
  #broken(reason: string): number {
    this.host.link?.destroy(new PeerError('INVALID_COUNT', `session broken: ${reason}`, 'SESSION'));
    this.#startAnew(this.#choice.onSessionLost);
    this.flush();
    return consumed;
  }

  #startAnew(choice: OnSessionLost): void {
    const known = this.#epoch !== undefined;
    this.#key = newKey();
    this.#epoch = undefined;
    if (known) this.#lost();
    else {
      this.out.restart(choice);
      this.#beginNumbers();
    }
  }

  #beginNumbers(): void {
    this.spooling?.session(this.#key, this.#epoch, 'anew');
  }

  /** The session is lost: what is under way is sent again, or reported; numbers begin anew. */
  #lost(): void {
    const { onSessionLost } = this.#choice;
    this.inbound.restart();
    this.out.restart(onSessionLost);
    this.#epoch = undefined;
    this.#beginNumbers();
    this.host.sessionLost(onSessionLost);
  }
}
