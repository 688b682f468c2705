// The side that agrees to a session: peers of listeners. The figure is at the head of exchange.ts.

import type { Cancel } from '../../base/clock.ts';
import { PeerError } from '../../base/errors.ts';
import type { QueueLimits } from '../../base/queue.ts';
import type { Sending } from '../../dispatcher/index.ts';
import type { Message } from '../../message/index.ts';
import { answerParameter, encode, offerParameter, requestParameter } from '../../message/index.ts';
import type { Asker, HeartbeatLimits, Offer, ReplyCache } from '../../session/index.ts';
import { agreementMessage, newEpoch, readAgreement } from '../../session/index.ts';
import { consumed, outside } from '../link/link-role.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeHost, Wishes } from './exchange-host.ts';

export class SessionServer extends Exchange {
  readonly offer: Offer;
  readonly #replies: ReplyCache;
  readonly #epoch = newEpoch();
  #other: 'goes on' | 'has ended' = 'goes on';
  #forget: Cancel | undefined;
  #abandoned = 0;

  constructor(
    host: ExchangeHost,
    offer: Offer,
    limits: QueueLimits,
    { heartbeat, replies }: { readonly heartbeat: HeartbeatLimits; readonly replies: ReplyCache },
  ) {
    super(host, limits, heartbeat, 'resuming');
    this.offer = offer;
    this.#replies = replies;
  }

  /** Whether the client may come back: it has not said that nothing follows. */
  get mayReturn(): boolean {
    return this.#other === 'goes on';
  }

  /** Agrees on the present link; gives the number of the message that carried the offer. */
  answer(message: Message, { id, carrier }: Offer): number {
    const { link } = this.host;
    const { stream } = this.inbound;
    if (link !== undefined) this.life.begin(link);
    if (this.phase === 'agreed') this.step('return');
    const received = carrier === 'resume' ? stream.rewind() : stream.fromTheStart();
    if (link?.canSend) link.send(agreementMessage({ id, epoch: this.#epoch, received }));
    if (carrier !== 'resume') this.#begin();
    if (message.command === 'ALIVE' && carrier === 'resume') return consumed;
    return carrier === 'first' ? stream.arrive() || consumed : outside;
  }

  /** The link is lost: the client has so many ms to come back, then it is `forgotten`. */
  linkLost(remember: number, forgotten: () => void): void {
    this.#pause();
    this.#forget = this.host.clock.after(remember, forgotten);
  }

  /** The client has come back, whether its last link was known to be lost or not. */
  comeBack(): void {
    this.#pause();
    this.#forget?.();
  }

  /** The session ends; what has no fate yet is abandoned. */
  over(reason: Error | undefined): void {
    this.#forget?.();
    this.#abandoned = this.abandon(reason);
  }

  /** Messages without a fate; after the end, those that were abandoned. */
  get left(): number {
    return this.out.length + this.#abandoned;
  }

  #pause(): void {
    this.stopTimers();
    this.out.linkLost();
  }

  override send(message: Message<unknown>, wishes?: Wishes, now?: number): Sending {
    return answersElsewhere(this.#replies, message, this) ? 'queued' : super.send(message, wishes, now);
  }

  /** Tells at once what was handled: the link is about to close. */
  lastWord(): void {
    this.inbound.acknowledge();
  }

  override repeats(message: Message): boolean {
    return asksAgain(this.#replies, message, this);
  }

  override arrive(message: Message): number {
    const offer = message.get(offerParameter);
    return offer?.startsWith(this.offer.id) ? outside : super.arrive(message);
  }

  protected override get mayFlow(): boolean {
    return this.phase === 'agreed';
  }

  /** Before the client has said where to go on, nothing of it is counted. */
  protected override arriveEarly(message: Message): number {
    const { command } = message;
    if (command === 'SESSION') return this.control(message);
    return command === 'ALIVE' || command === 'ABSOLUTELY' ? this.life.sign(message) : outside;
  }

  /** The client thinks little of our SESSION, and will begin another session. */
  protected override refused(): number {
    return consumed;
  }

  protected override control(message: Message): number {
    if (message.get('id') !== this.offer.id) throw new PeerError('INVALID_MESSAGE', 'another session', 'SESSION');
    if (message.get('over') === 'true') {
      this.#other = 'has ended';
      return consumed;
    }
    if (this.phase === 'agreed') throw new PeerError('INVALID_MESSAGE', 'this session is agreed already', 'SESSION');
    const { epoch, received } = readAgreement(message);
    if (epoch !== this.#epoch) throw new PeerError('INVALID_PARAMETER', 'another epoch', 'SESSION');
    if (received === undefined) this.out.restart('resend');
    else this.out.rewind(received);
    this.agreed();
    return consumed;
  }

  /** The client sends from number 1: it never had an answer, so nothing of ours has reached it. */
  #begin(): void {
    if (this.out.canBe(0)) this.out.rewind(0);
    else this.out.restart('resend');
    this.agreed();
  }
}

/** Whether the message is a request that was asked before: it is answered from what is remembered. */
export function asksAgain(replies: ReplyCache, message: Message, asker: Asker): boolean {
  const number = message.get(requestParameter);
  return number !== undefined && replies.repeats(number, asker);
}

/** Where the message answers a request that was asked again over another link or in another session, it goes there. */
export function answersElsewhere(replies: ReplyCache, message: Message<unknown>, asker: Asker): boolean {
  const number = message.get(answerParameter);
  if (number === undefined) return false;
  const other = replies.answered(number, message, Buffer.byteLength(encode(message)), asker);
  other?.send(message);
  return other !== undefined;
}
