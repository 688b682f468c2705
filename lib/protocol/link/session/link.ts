// One end of a link, over as many sockets as its session lasts: messages are checked, numbered, answered and handed on.
//
//   frame ─▶ envelope ─▶ number ─▶ definition ─▶ check ─▶ handler ─▶ (checked) answer
//
// What is wrong has one answer for each dialect: the seed closes the link and says why; in a session a request gets an
// error for an answer, an event is left aside, and only what breaks the counting ends the link.

import { type CommunicatorError, NetworkError, PeerError, reasonOf, UsageError } from '../../../base/errors.ts';
import { inRange, refuseUnknown } from '../../../base/options.ts';
import type { Unfinished } from '../../../connection/index.ts';
import { often } from '../../../logging/index.ts';
import type { Catalogue, Entry } from '../definitions/catalogue.ts';
import { prepareDisconnect } from '../definitions/catalogue.ts';
import type { Definition, EventDefinition, RequestDefinition } from '../definitions.ts';
import type { Course } from '../session.ts';
import { SessionCourse } from '../session.ts';
import type { Close, Data, Envelope } from '../wire.ts';
import { closes, envelopeOf, isData, isOrderly, isShaped } from '../wire.ts';
import type { Next } from './frame-socket.ts';
import { Handling } from './handling.ts';
import type { LinkHost, Sender, SendOptions } from './link-host.ts';
import { requestTime } from './link-host.ts';
import { Pending } from './pending.ts';

const asUsual: SendOptions = {};
const prepared = 'prepare_disconnect_response';

export class Link implements Sender {
  readonly course: Course;
  readonly catalogue: Catalogue;
  readonly host: LinkHost;
  readonly #pending: Pending;
  readonly #handling: Handling;
  #ending: 'no' | 'asked' | 'answered' = 'no';
  #over: Error | undefined;
  #received = 0;
  #ignored = 0;
  /** Events that were lost since the last one that was not: see `offer`. */
  missed = 0;

  /** `most` is how many handlers may run at the same time. */
  constructor(catalogue: Catalogue, course: Course, host: LinkHost, most: number) {
    this.catalogue = catalogue;
    this.course = course;
    this.host = host;
    this.#pending = new Pending(host.clock);
    this.#handling = new Handling(host, most);
  }

  /** Requests of ours that wait for an answer. */
  get waiting(): number {
    return this.#pending.size;
  }

  /** Whether nothing is read: so many handlers run, and no answer is waited for (or no more can be held back). */
  get isDeaf(): boolean {
    const { isStrained, hasRoom } = this.#handling;
    return isStrained && (this.waiting === 0 || !hasRoom);
  }

  /**
   * For snapshots: messages taken up, those left aside (repeated, unknown or wrong), and those to be handled later; our
   * requests that wait, messages that are not known to have arrived, handlers that run.
   */
  get details(): { readonly [what: string]: number } {
    const { running: handlers, held: heldBack } = this.#handling;
    const [received, ignored, waiting] = [this.#received, this.#ignored, this.waiting];
    return { received, ignored, heldBack, waiting, unconfirmed: this.course.held, handlers };
  }

  /** What would be lost if it ended now. */
  get unfinished(): Unfinished {
    const { held, heldBytes } = this.course;
    return { messages: held + this.#handling.held, bytes: heldBytes, handlers: this.#handling.running };
  }

  send<Q, R>(definition: RequestDefinition<Q, R>, data: Q, options?: SendOptions): Promise<R>;
  send<D>(definition: EventDefinition<D>, data: D): void;
  send(definition: Definition, data: unknown, options?: SendOptions): Promise<unknown> | undefined {
    if (definition.kind === 'request') return this.#request(definition, data as Data, options);
    this.#check(definition, data);
    this.course.post(`${definition.name}_event`, data as Data);
    return undefined;
  }

  /** Handles a message that was held back, or says whether it reads. */
  next(): Next {
    if (this.#handling.isStrained) return this.isDeaf ? 'waits' : 'reads';
    return this.#handling.next() ? 'handled' : 'reads';
  }

  /** A frame of so many bytes came in. */
  receive(value: unknown, bytes = 0): void {
    const envelope = envelopeOf(value);
    if (this.course.dialect === 'seed') {
      if (envelope === undefined || envelope.seq === null) return this.#invalid('Malformed');
      return this.#take(envelope, envelope.seq, bytes);
    }
    if (envelope === undefined) return this.#malformed(value);
    if (envelope.seq === null) return this.#unnumbered(envelope);
    if (this.#arrives(envelope.seq)) this.#take(envelope, envelope.seq, bytes);
  }

  /**
   * Before an end of ours: waits for what is under way, on both sides in a session; what is not answered within `timeout`
   * ms is abandoned. Never rejects.
   */
  async prepareEnd(timeout: number): Promise<void> {
    const late = this.host.clock.after(timeout, () => this.#abandon(`not answered within ${timeout} ms`));
    try {
      if (this.course.dialect === 'session') {
        await this.send(prepareDisconnect, {}, { timeout });
        // It has waited for our answers, too.
        this.course.complete();
      }
      await this.#pending.idle(prepared);
    } catch (error) {
      this.#abandon(reasonOf(error));
    } finally {
      late();
    }
  }

  /** The session is over: nothing more will be answered. */
  end(reason: Error): void {
    this.#over = reason;
    this.course.detach();
    this.#handling.clear();
    const { held } = this.course;
    if (held > 0) this.host.log('warn', `messages not known to have arrived: ${held}`, { reason: reason.message });
    const { code } = reason as Partial<CommunicatorError>;
    const ours = code === 'SESSION_LOST' || code === 'ABANDONED' ? code : 'CLOSED';
    this.#pending.rejectAll(type => new NetworkError(ours, `no ${type}: ${reason.message}`, { cause: reason }));
  }

  #abandon(reason: string): void {
    this.#pending.rejectAll(type => new NetworkError('ABANDONED', `no ${type}: ${reason}`));
  }

  // ---- out

  #check(definition: Definition, data: unknown): void {
    if (this.#over !== undefined) throw new NetworkError('CLOSED', `no link: ${this.#over.message}`);
    this.catalogue.check(definition, data);
  }

  async #request(definition: RequestDefinition, data: Data, options = asUsual): Promise<unknown> {
    if (options !== asUsual) refuseUnknown('send', { timeout: 0, signal: 0 }, options);
    const { timeout = requestTime, signal } = options;
    inRange('timeout', timeout, 0, Number.MAX_SAFE_INTEGER);
    this.#check(definition, data);
    signal?.throwIfAborted();
    const seq = this.course.post(`${definition.name}_request`, data);
    const answer = this.#pending.open(seq, `${definition.name}_response`, { timeout, signal });
    if (this.#handling.isStrained) this.host.wake();
    return answer;
  }

  /** Answers, where there is still a way to do so. */
  #answer(type: string, seq: number, data: Data): void {
    if (this.#over !== undefined) return this.host.log('debug', `${type} comes too late: ${this.#over.message}`);
    try {
      this.course.post(type, data, seq);
    } catch (error) {
      this.host.log('warn', `${type} cannot be sent: ${reasonOf(error)}`, { [often]: 'not sent' });
      // An answer must not get lost in silence.
      const why = error instanceof UsageError ? 'it is no JSON' : 'it is too long';
      const isFit = !(error instanceof UsageError) && this.course.fits(type, data, seq);
      if (isFit || Object.hasOwn(data, 'error')) this.host.broken(closes.overrun, 'ended');
      else this.#answer(type, seq, { error: `${type} cannot be sent: ${why}` });
    }
  }

  // ---- in

  /** Session: whether the message has not been seen before. */
  #arrives(seq: number): boolean {
    const arrival = this.course.arrive(seq);
    if (arrival === 'gap') this.host.broken(closes.gap, 'ended');
    if (arrival === 'repeated') this.#ignored += 1;
    return arrival === 'next';
  }

  /** Session: only heartbeats have no number once the handshake is over. */
  #unnumbered(envelope: Envelope): void {
    const { course } = this;
    if (envelope.type !== 'heartbeat') return this.host.broken(closes.malformed, 'ended');
    if (!isShaped('session', envelope) || !(course instanceof SessionCourse)) {
      return this.host.broken(closes.invalidHeartbeat, 'ended');
    }
    try {
      course.confirm(envelope.data.seq as number | null);
    } catch (error) {
      this.host.log('warn', reasonOf(error));
      this.host.broken(closes.invalidHeartbeat, 'ended');
    }
  }

  /** Session: what has a number and a type, and is a request, is answered; anything else breaks the counting. */
  #malformed(value: unknown): void {
    const { seq, type } = isData(value) ? value : {};
    if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || typeof type !== 'string') {
      return this.host.broken(closes.malformed, 'ended');
    }
    if (this.#arrives(seq)) this.#wrong(seq, type, 'Malformed');
  }

  #take({ type, data }: Envelope, seq: number, bytes: number): void {
    if (this.course.dialect === 'seed') {
      this.course.arrive(seq);
      if (type === 'close') return this.#heardClose(data);
    }
    const entry = this.catalogue.incoming(type);
    if (entry === undefined) return this.#wrong(seq, type, `No validator for ${type} on ${this.catalogue.link}`);
    if (entry.kind === 'response') return this.#response(entry, type, data);
    const wrong = entry.kind === 'request' ? entry.checks.request(data) : entry.check(data);
    if (wrong !== undefined) return this.#wrong(seq, type, `Validation failed for ${type}`, wrong);
    this.#received += 1;
    this.#handling.inOrder(() => this.#hand(entry, data, seq), bytes);
  }

  #hand(entry: Entry, data: Data, seq: number): void {
    const { definition, kind } = entry;
    if (definition === prepareDisconnect) return this.#prepare(seq);
    const answer = (answer: Data): void => this.#answer(`${definition.name}_response`, seq, answer);
    const perform = (): unknown => this.host.perform(definition, data, this);
    this.#handling.run(entry, perform, kind === 'request' ? answer : () => undefined);
  }

  #heardClose(data: Data): void {
    const { reason } = data;
    if (typeof reason !== 'string' || Object.keys(data).length !== 1) {
      return this.#invalid('Validation failed for close');
    }
    this.host.closed(reason);
  }

  #response({ definition, checks }: Entry & { kind: 'response' }, type: string, data: Data): void {
    const { seq, ...rest } = data;
    const { error } = rest;
    const fails = typeof error === 'string' && Object.keys(rest).length === 1;
    const wrong = fails ? undefined : checks.response(rest);
    if (typeof seq !== 'number' || (wrong !== undefined && !this.#pending.awaits(seq, type))) {
      return this.#wrong(0, type, `Validation failed for ${type}`, wrong);
    }
    if (!this.#pending.awaits(seq, type)) return this.#wrong(0, type, `Unhandled message ${type}`);
    this.#received += 1;
    if (this.course instanceof SessionCourse) this.course.answered(seq);
    if (fails) return this.#pending.reject(seq, new PeerError('REQUEST_FAILED', error, definition.name));
    if (wrong === undefined) return this.#pending.resolve(seq, rest);
    this.#pending.reject(seq, new PeerError('INVALID_PARAMETER', `${type}: ${wrong}`, definition.name));
    this.#wrong(0, type, `Validation failed for ${type}`, wrong);
  }

  #prepare(seq: number): void {
    this.#ending = 'asked';
    // Where both ends are ending, neither waits for the other to be done with that.
    void this.#pending.idle(prepared).then(() => {
      this.#answer(prepared, seq, {});
      this.#ending = 'answered';
    });
  }

  /** Whether the other side has announced its end. */
  get isEnding(): boolean {
    return this.#ending !== 'no';
  }

  /** The other side said how it ends: after our answer it has all that was before that. */
  parted(code: number): void {
    if (this.#ending === 'answered' && isOrderly(code)) this.course.complete();
  }

  // ---- what is wrong

  #wrong(seq: number, type: string, detail: string, why?: string): void {
    if (this.course.dialect === 'seed') return this.#invalid(detail, why);
    this.#ignored += 1;
    this.host.log('warn', detail, { type, why, [often]: 'wrong' });
    if (!type.endsWith('_request')) return;
    this.#answer(`${type.slice(0, -'_request'.length)}_response`, seq, { error: detail });
  }

  /** Seed: the link ends, and the other side is told why. */
  #invalid(detail: string, why?: string): void {
    this.#ignored += 1;
    this.host.log('warn', `invalid message: ${detail}`, { why, [often]: 'wrong' });
    this.host.broken({ code: closes.malformed.code, reason: `Invalid message: ${detail}` }, 'ended');
  }

  /** A frame came that is none, or too long. */
  unreadable(close: Close): void {
    if (this.course.dialect === 'seed') this.host.broken({ ...close, reason: 'Invalid message: Malformed' }, 'ended');
    else this.host.broken(close, close === closes.invalidJson ? 'kept' : 'ended');
  }
}
