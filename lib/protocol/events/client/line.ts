// The two sockets of a client, and how many events are where between its outbox and the server.
//
// Frames go to ZeroMQ only while there is a connection, so that those without one wait where they can be counted. What was
// sent is proven by a round trip that began later; what was under way when the connection broke may have arrived or not.

import type { Push, Subscriber } from 'zeromq';
import type { Cancel, Clock } from '../../../base/clock.ts';
import type { Intake, IntakeEvents, Outlet, Place, ZeroMq, ZeroMqSettings } from '../../../transport/zeromq/index.ts';
import { connectPush, connectSub, reconnect } from '../../../transport/zeromq/index.ts';
import { RoundTrips } from '../session/round-trip.ts';
import type { Outbox } from '../session.ts';

export interface LineHost {
  readonly clock: Clock;
  readonly outbox: Outbox;
  taken(frames: readonly Buffer[]): void;
  /** Both ways are there. */
  up(): void;
  down(): void;
  refused(reason: string): void;
  /** Events may have been lost with the connection. */
  uncertain(count: number): void;
  failed(error: Error): void;
  /** The outbox is empty. */
  drained(): void;
}

/** After so many events without a proof that they have arrived, one is begun. */
const proofEvery = 1_000;
/** From a refused connection to the next attempt, in ms. */
const refusedPause = 1_000;

export class Line {
  readonly trips: RoundTrips;
  readonly #host: LineHost;
  readonly #places: { readonly push: Place; readonly sub: Place };
  readonly #retries = new Map<'push' | 'sub', Cancel>();
  readonly #push: Outlet<Push>;
  readonly #sub: Intake<Subscriber>;
  #ways = { push: 0, sub: 0 };
  #last: Promise<void> = Promise.resolve();
  /** The send that ZeroMQ could not do at once. */
  #pending: Promise<void> | undefined;
  readonly #failed = (error: Error): void => {
    if (!this.#push.socket.closed) this.#host.failed(error);
  };
  #sent = 0;
  #proven = 0;
  #proof: Promise<void> | undefined;

  constructor(
    zmq: ZeroMq,
    { emit, reg }: { readonly emit: Place; readonly reg: Place },
    sockets: ZeroMqSettings,
    host: LineHost,
  ) {
    this.#host = host;
    this.#places = { push: emit, sub: reg };
    this.trips = new RoundTrips({
      clock: host.clock,
      subscribe: topic => this.subscribe(topic),
      unsubscribe: topic => this.unsubscribe(topic),
      trySend: frame => this.isFree && host.outbox.length === 0 && this.#trySend(frame),
    });
    const events = (way: 'push' | 'sub'): IntakeEvents => ({
      up: () => this.#changed(way, 1),
      down: () => this.#changed(way, -1),
      refused: reason => this.#refused(way, reason),
      taken: frames => host.taken(frames),
      failed: error => host.failed(error),
    });
    // SUB first, as in the original: what is emitted next comes back.
    this.#sub = connectSub(zmq, reg, sockets, events('sub'));
    this.#push = connectPush(zmq, emit, sockets, events('push'));
    this.#sub.start();
  }

  /** Sent, and not proven to have arrived. */
  get unproven(): number {
    return this.#sent - this.#proven;
  }

  /** Whether a frame can go at once. */
  get isFree(): boolean {
    return this.#isUp && this.#pending === undefined;
  }

  subscribe(name: string): void {
    this.#sub.socket.subscribe(topicOf(name));
  }

  unsubscribe(name: string): void {
    if (!this.#sub.socket.closed) this.#sub.socket.unsubscribe(topicOf(name));
  }

  pause(): void {
    this.#sub.pause();
  }

  resume(): void {
    this.#sub.resume();
  }

  /** Sends an event now, ahead of nothing; false where it has to wait. */
  send(frame: Buffer): boolean {
    if (!this.isFree || this.#host.outbox.length > 0 || !this.#trySend(frame)) return false;
    this.#count();
    return true;
  }

  /** Sends what waits, as far as ZeroMQ takes it. */
  pump(): void {
    const { outbox } = this.#host;
    const before = outbox.length;
    for (let head = outbox.head; head !== undefined && this.isFree && this.#trySend(head); head = outbox.head) {
      outbox.shift();
      this.#count();
    }
    if (before > 0 && outbox.length === 0) this.#host.drained();
  }

  /** Resolves when all that was registered and emitted before has reached the server. */
  async prove(): Promise<void> {
    let sent = 0;
    await this.trips.begin(() => {
      sent = this.#sent;
    });
    this.#proven = Math.max(this.#proven, sent);
  }

  close(reason: Error): void {
    for (const cancel of this.#retries.values()) cancel();
    this.trips.close(reason);
    this.#sub.close();
    this.#push.close();
  }

  #count(): void {
    this.#sent += 1;
    if (this.unproven >= proofEvery && this.#proof === undefined) this.#proveSome();
  }

  /** Now and then, so that few are in doubt when the connection breaks. */
  #proveSome(): void {
    this.#proof = this.prove().then(
      () => {
        this.#proof = undefined;
        if (this.unproven >= proofEvery) this.#proveSome();
      },
      () => undefined,
    );
  }

  /** It may be let in later: its key is allowed then, or the server is another one. */
  #refused(way: 'push' | 'sub', reason: string): void {
    this.#host.refused(reason);
    if (this.#retries.has(way)) return;
    const again = (): void => {
      this.#retries.delete(way);
      reconnect(way === 'push' ? this.#push.socket : this.#sub.socket, this.#places[way]);
    };
    this.#retries.set(way, this.#host.clock.after(refusedPause, again));
  }

  /** With one way alone, what is emitted would not come back to our own callbacks. */
  get #isUp(): boolean {
    return this.#ways.push > 0 && this.#ways.sub > 0;
  }

  #changed(way: 'push' | 'sub', change: number): void {
    const was = this.#isUp;
    this.#ways[way] = Math.max(0, this.#ways[way] + change);
    const is = this.#isUp;
    if (way === 'push' && change < 0 && this.unproven > 0) {
      this.#host.uncertain(this.unproven);
      this.#proven = this.#sent;
    }
    if (is && !was) this.#host.up();
    if (was && !is) this.#host.down();
    this.pump();
  }

  /** The send before this one waits for room, or for a turn of the loop. */
  #wait(): void {
    const pending = this.#last;
    const over = (): void => {
      if (this.#pending !== pending) return;
      this.#pending = undefined;
      this.pump();
    };
    this.#pending = pending;
    pending.then(over, over);
  }

  #trySend(frame: Buffer): boolean {
    let sending: Promise<void>;
    try {
      sending = this.#push.socket.send(frame);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
      this.#wait();
      return false;
    }
    this.#last = sending;
    sending.catch(this.#failed);
    return true;
  }
}

/** With the NUL, so that CLIENT_UID does not bring CLIENT_UID_EXTRA. */
function topicOf(name: string): Buffer {
  return Buffer.from(`${name}\0`, 'latin1');
}
