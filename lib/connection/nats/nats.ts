// A connection to NATS that comes back, for ever, until it is stopped.
//
//   idle ─start▶ dialing ─opened▶ open ─lost▶ waiting ─due▶ dialing        idle, dialing, waiting ─stop▶ closed
//                   └────failed──────│───────────▲
//                        open ─lame duck▶ moving ─lost┘     moving ─moved▶ open
//                        open, moving ─stop▶ draining ─drained, lost▶ closed
//
// The official client has its own way back, which is not used: it throws away what it was given meanwhile, it gives up after
// some time, it cannot be stopped before it was first connected, and it stays at a server that asks its clients to leave.
// Here each attempt is a new client; subscriptions and the outbox live on from one to the next. What the server did not
// confirm goes out again, so each packet reaches the server at least once; whoever must not hear it twice counts.
//
// Credentials that the server refuses are told once, at error, and tried again as anything else: they are read anew at each
// attempt, and those of the server may change too.
// While disabled it takes and gives as before: what a server of NATS sends cannot wait there.

import { pauseAfter } from '../../base/backoff.ts';
import type { Cancel } from '../../base/clock.ts';
import { sleep } from '../../base/clock.ts';
import { asError, NetworkError, UsageError } from '../../base/errors.ts';
import { StateMachine } from '../../base/state-table.ts';
import type { Sending } from '../../dispatcher/index.ts';
import type { NatsLine, NatsPacket } from '../../transport/nats/index.ts';
import type { Owner, Unfinished } from '../connection.ts';
import { Connection, nothingUnfinished } from '../connection.ts';
import { Ears } from './ears.ts';
import { NatsLog } from './nats-log.ts';
import type { NatsOptions, NatsSettings } from './nats-options.ts';
import { settleNats } from './nats-options.ts';
import type { Packet } from './nats-outbox.ts';
import { checkPacket, NatsOutbox } from './nats-outbox.ts';
import { NatsServers } from './nats-servers.ts';
import type { NatsEvents, NatsState, NatsStep } from './nats-table.ts';
import { natsTable } from './nats-table.ts';

/** What a server takes that has said nothing else, in bytes. */
const usualPayload = 1024 * 1024;

export class Nats extends Connection<NatsEvents> {
  readonly remote: string;
  readonly #servers: NatsServers;
  readonly #options: NatsOptions;
  readonly #settings: NatsSettings;
  readonly #machine = new StateMachine<NatsState, NatsStep>(natsTable, 'idle');
  readonly #stopping = new AbortController();
  readonly #ears: Ears;
  readonly #log: NatsLog;
  #outbox: NatsOutbox | undefined;
  #line: NatsLine | undefined;
  #over: (reason: Error) => void = () => undefined;
  #longest = usualPayload;
  #failures = 0;
  #opened = 0;
  #lastError: Error | undefined;
  #abandoned: Unfinished = nothingUnfinished;

  /** @throws UsageError INVALID_ADDRESS, UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_VALUE */
  constructor(servers: string | readonly string[], options: NatsOptions = {}) {
    const checked = new NatsServers(servers);
    super('nats', { name: options.name ?? checked.remote, priority: options.priority });
    this.#servers = checked;
    this.remote = checked.remote;
    this.#settings = settleNats(options);
    this.#options = options;
    this.#log = new NatsLog(this.name);
    this.#ears = new Ears(error => this.#log.failure('a listener failed', asError(error)));
  }

  get state(): NatsState {
    return this.#machine.state;
  }

  /** Why it is not connected, or what was last wrong; undefined since it was well for some time. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /** Packets and bytes that wait, or that the server has not confirmed. */
  get waiting(): { readonly packets: number; readonly bytes: number } {
    return { packets: this.#outbox?.length ?? 0, bytes: this.#outbox?.bytes ?? 0 };
  }

  get unfinished(): Unfinished {
    if (this.state === 'closed') return this.#abandoned;
    return { messages: this.waiting.packets, bytes: this.waiting.bytes, handlers: 0 };
  }

  /** The present line, for what is built upon the client itself; undefined while there is none. */
  get line(): NatsLine | undefined {
    return this.state === 'open' ? this.#line : undefined;
  }

  /** Longest payload in bytes, as the last server said. */
  get longest(): number {
    return this.#longest;
  }

  /**
   * Sends now, or keeps it until there is a connection and room on it. What is dropped later is reported by `dropped`.
   * @throws LimitError OUTBOX_FULL, BODY_TOO_LONG; NetworkError CLOSED; UsageError INVALID_NAME for a subject that is none
   */
  publish(subject: string, bytes: Uint8Array, reply?: string): Sending {
    if (this.#outbox === undefined || this.state === 'closed' || this.state === 'draining') {
      throw new NetworkError('CLOSED', `${this.name} is ${this.state === 'idle' ? 'not started' : this.state}`);
    }
    checkPacket(subject, bytes, this.#longest);
    return this.#outbox.send({ subject, bytes, reply });
  }

  /** Hears what comes under a subject (`*` for one word, `>` for the rest), on each connection, until the result is called. */
  subscribe(subject: string, heard: (packet: NatsPacket) => unknown): Cancel {
    return this.#ears.add(subject, heard);
  }

  stop(): void {
    const before = this.state;
    if (!this.#step('stop')) return;
    this.#stopping.abort(new NetworkError('CLOSED', `${this.name} was stopped`));
    if (before !== 'open' && before !== 'moving') return this.#end(undefined);
    this.#ears.leave();
    if (this.#outbox?.length === 0) this.#drain();
  }

  destroy(reason?: Error): void {
    this.stop();
    if (this.#step('lost')) this.#end(reason);
  }

  protected override begin(owner: Owner): void {
    this.#log.logger = owner.logger;
    this.#outbox = new NatsOutbox(this.#settings.outbox, owner.clock, {
      missed: (packet, reason) => this.#missed(packet, reason, owner),
      emptied: () => this.#drain(),
    });
    this.#step('start');
    this.#live(owner).catch((error: unknown) => {
      if (this.#stopping.signal.aborted) return;
      this.#machine.attempt('failed');
      this.#step('stop');
      this.#end(asError(error), asError(error));
    });
  }

  protected override details(): object {
    const { packets: queued, bytes: queuedBytes } = this.waiting;
    const { received, size: subscriptions } = this.#ears;
    const { unconfirmed = 0, fates } = this.#outbox ?? {};
    const life = { opened: this.#opened, failures: this.#failures, lastError: this.#lastError?.message };
    const out = { queued, queuedBytes, unconfirmed, fates: { ...fates } };
    return { remote: this.remote, server: this.#line?.remote, received, subscriptions, ...out, ...life };
  }

  /** The whole life. @throws UsageError for what no waiting mends; the signal's reason at the stop */
  async #live(owner: Owner): Promise<never> {
    for (;;) {
      const since = await this.#attempt(owner);
      if (this.#stopping.signal.aborted) throw asError(this.#stopping.signal.reason);
      const { stable } = this.#settings.pause;
      this.#failures = since !== undefined && owner.clock.now() - since >= stable ? 1 : this.#failures + 1;
      const pause = pauseAfter(this.#failures, this.#settings.pause, owner.random);
      const error = this.#lastError as Error;
      this.#log.failure(`not connected`, error, { failures: this.#failures, pause: Math.round(pause) });
      this.tell('retry', error, pause);
      await sleep(owner.clock, pause, this.#stopping.signal);
      this.#step('due');
    }
  }

  /** Dials, and waits for the end of what it dialled; says since when it was open. */
  async #attempt(owner: Owner): Promise<number | undefined> {
    try {
      const line = await this.#dial(owner);
      const since = owner.clock.now();
      const over = new Promise<Error>(resolve => {
        this.#over = resolve;
      });
      this.#begin(line, owner);
      this.#lastError = await over;
      return since;
    } catch (error) {
      if (error instanceof UsageError || this.#stopping.signal.aborted) throw error;
      this.#lastError = asError(error);
      this.#step('failed');
      return undefined;
    }
  }

  #dial(owner: Owner, avoid?: NatsLine): Promise<NatsLine> {
    return this.#servers.dial(this.#options, this.#settings.limits, owner, this.#stopping.signal, avoid);
  }

  #begin(line: NatsLine, owner: Owner): void {
    this.#step('opened');
    this.#use(line, owner);
    this.#ears.attach(line);
    this.#outbox?.attach(line);
    this.tell('open', line);
  }

  #use(line: NatsLine, owner: Owner): void {
    this.#line = line;
    this.#opened += 1;
    this.#longest = line.longest;
    this.#lastError = undefined;
    this.#servers.learn(line);
    this.#log.connected(line.remote);
    line.start({
      lameDuck: () => this.#lameDuck(line, owner),
      trouble: error => {
        this.#lastError = error;
        this.#log.failure('the server has refused something', error);
      },
      closed: reason => this.#closed(line, reason),
    });
  }

  #closed(line: NatsLine, reason: Error = new NetworkError('CLOSED', `${line.remote} closed the connection`)): void {
    if (line !== this.#line) return;
    this.#line = undefined;
    this.#ears.detach();
    this.#outbox?.detach();
    const ended = this.#machine.attempt('drained');
    if (!ended) this.#machine.step('lost');
    this.tell('state', this.state);
    if (ended) return this.#end(undefined);
    this.tell('lost', reason);
    this.#over(reason);
  }

  /** The server wants us elsewhere: goes there first, and leaves it then. */
  #lameDuck(line: NatsLine, owner: Owner): void {
    if (line !== this.#line || !this.#step('lame duck')) return;
    this.#servers.learn(line);
    this.#log.moving(line.remote);
    this.#move(line, owner).catch((error: unknown) => {
      if (this.state === 'moving') this.#log.failure('cannot move', asError(error));
    });
  }

  async #move(old: NatsLine, owner: Owner): Promise<void> {
    for (let failures = 1; this.state === 'moving' && this.#line === old; failures += 1) {
      try {
        const next = await this.#dial(owner, old);
        return await this.#exchange(old, next, owner);
      } catch (error) {
        this.#lastError = asError(error);
        await sleep(owner.clock, pauseAfter(failures, this.#settings.pause, owner.random), this.#stopping.signal);
      }
    }
  }

  /** Listens at the next server, takes in all that the old one has, and goes on with the next. */
  async #exchange(old: NatsLine, next: NatsLine, owner: Owner): Promise<void> {
    if (this.state !== 'moving' || this.#line !== old) return next.destroy();
    this.#ears.attachNext(next);
    this.#outbox?.detach();
    this.#use(next, owner);
    const enough = new AbortController();
    const emptied = next.flush().then(() => old.drain());
    await Promise.race([emptied, sleep(owner.clock, this.#settings.limits.move, enough.signal)]).catch(() => undefined);
    enough.abort();
    old.destroy();
    this.#ears.release();
    if (this.#line !== next) return;
    const moved = this.#step('moved');
    this.#outbox?.attach(next);
    if (moved) this.tell('open', next);
    else if (this.#outbox?.length === 0) this.#drain();
  }

  /** While stopping: once all is confirmed, the line is closed; its end is ours. */
  #drain(): void {
    if (this.state === 'draining') void this.#line?.drain().catch(() => undefined);
  }

  #missed({ subject }: Packet, reason: Error, owner: Owner): void {
    this.#log.missed(subject, reason, owner.clock.now());
    this.tell('dropped', subject, reason);
  }

  #step(event: NatsStep): boolean {
    if (!this.#machine.attempt(event)) return false;
    this.tell('state', this.state);
    return true;
  }

  #end(reason: Error | undefined, failure?: Error): void {
    const { packets: messages, bytes } = this.waiting;
    this.#abandoned = { messages, bytes, handlers: 0 };
    this.#outbox?.abandon();
    this.#line?.destroy();
    this.#line = undefined;
    this.owner?.ended(this, failure);
    this.tell('close', reason);
  }
}
