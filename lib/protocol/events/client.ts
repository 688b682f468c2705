// A client of events: registers callbacks and emits, over a server that may be away. Its states are in client/table.ts.
//
// What is emitted goes to ZeroMQ while both ways to the server are there, and waits in the outbox otherwise.

import type { Clock } from '../../base/clock.ts';
import { systemClock } from '../../base/clock.ts';
import type { LimitError } from '../../base/errors.ts';
import { asError, NetworkError, TimeoutError, UsageError } from '../../base/errors.ts';
import { inRange } from '../../base/options.ts';
import { StateMachine } from '../../base/state-table.ts';
import type { Owner, Unfinished } from '../../connection/index.ts';
import { Connection } from '../../connection/index.ts';
import type { Sending } from '../../dispatcher/index.ts';
import { formatPlace, loadZeroMq } from '../../transport/zeromq/index.ts';
import type { Callback, RegisterOptions, Uid } from './client/callbacks.ts';
import { Hearing } from './client/hearing.ts';
import { Line } from './client/line.ts';
import type { EventsClientOptions, EventsClientSettings } from './client/options.ts';
import { settleClient } from './client/options.ts';
import type { EventsClientEvents, EventsClientState } from './client/table.ts';
import { eventsClientTable } from './client/table.ts';
import { Event } from './definitions.ts';
import { clientKeys } from './session/security.ts';
import { Outbox } from './session.ts';
import { encodeEvent } from './wire.ts';

/** How long what was sent may still go out after the end, in ms. */
const linger = 1_000;

export class EventsClient extends Connection<EventsClientEvents> {
  readonly #settings: EventsClientSettings;
  readonly #machine = new StateMachine(eventsClientTable, 'idle');
  readonly #hearing: Hearing;
  readonly #counts = { emitted: 0, lost: 0, uncertain: 0 };
  readonly #strings = new Map<string, Event>();
  readonly #outbox: Outbox;
  #line: Line | undefined;
  #sending: 'on' | 'off' = 'on';
  #waiting: { resolve(): void; reject(error: Error): void }[] = [];

  /** @throws UsageError INVALID_ADDRESS, INVALID_VALUE, UNKNOWN_OPTION, OUT_OF_RANGE */
  constructor(options: EventsClientOptions = {}) {
    const settings = settleClient(options);
    super('events client', { name: options.name ?? formatPlace(settings.emit), priority: options.priority });
    this.#settings = settings;
    // Until it is owned, the system's clock counts.
    const clock: Clock = {
      now: () => this.#clock.now(),
      wall: () => this.#clock.wall(),
      after: (ms, run) => this.#clock.after(ms, run),
    };
    this.#outbox = new Outbox(settings.outbox, clock, (name, reason) => this.#lost(name, reason));
    this.#hearing = new Hearing({
      clock,
      heard: name => this.#line?.trips.heard(name) === true,
      log: (severity, text, fields) => this.log(severity, text, fields),
    });
  }

  get state(): EventsClientState {
    return this.#machine.state;
  }

  /** What waits for the server, and what was sent and is not proven to have arrived there. */
  get unfinished(): Unfinished {
    return { messages: this.#outbox.length + (this.#line?.unproven ?? 0), bytes: this.#outbox.bytes, handlers: 0 };
  }

  /**
   * Calls `callback(event, ...content)` at each such event; gives its uid, and undefined where events are turned off.
   * @throws UsageError ALREADY_REGISTERED where the uid has a callback for this event, INVALID_NAME
   */
  register<C extends unknown[]>(
    event: Event<C>,
    callback: (event: Event<NoInfer<C>>, ...content: NoInfer<C>) => unknown,
    options?: RegisterOptions,
  ): Uid | undefined;
  register(
    event: string,
    callback: (event: Event, ...content: unknown[]) => unknown,
    options?: RegisterOptions,
  ): Uid | undefined;
  register(event: Event | string, callback: Callback, { uid, replace = false }: RegisterOptions = {}): Uid | undefined {
    if (this.#sending === 'off') return undefined;
    const known = this.#eventOf(event);
    const isFirst = this.#hearing.callbacks.of(known.name) === undefined;
    const given = this.#hearing.callbacks.add(known, callback, uid, replace);
    if (isFirst) this.#line?.subscribe(known.name);
    return given;
  }

  /** Takes back the callback with this uid, or all of this event. What is not there is no error. */
  unregister(event: Event | string, uid?: Uid): void {
    if (this.#sending === 'off') return;
    const name = String(event);
    if (this.#hearing.callbacks.remove(name, uid)) this.#line?.unsubscribe(name);
  }

  /**
   * Sends an event to all who have registered for it, this client included. `sent`: it is with ZeroMQ; `queued`: it waits
   * for the server; `ignored`: events are turned off.
   * @throws UsageError INVALID_VALUE for content that is no data or too long, INVALID_NAME, LimitError OUTBOX_FULL,
   * NetworkError CLOSED
   */
  emit<C extends unknown[]>(event: Event<C>, ...content: NoInfer<C>): Sending | 'ignored';
  emit(event: string, ...content: unknown[]): Sending | 'ignored';
  emit(event: Event | string, ...content: unknown[]): Sending | 'ignored' {
    if (this.#sending === 'off') return 'ignored';
    if (this.state === 'closing' || this.state === 'closed')
      throw new NetworkError('CLOSED', `${this.name} is ${this.state}`);
    const known = this.#eventOf(event);
    const misfit = known.misfit(content);
    if (misfit !== undefined) throw new UsageError('INVALID_VALUE', misfit);
    const frame = encodeEvent(known.name, content, this.#settings.content);
    const { frame: longest } = this.#settings.limits;
    if (frame.length > longest) {
      throw new UsageError(
        'INVALID_VALUE',
        `${known} would be a frame of ${frame.length} bytes, longer than ${longest}`,
      );
    }
    if (this.#line?.send(frame) !== true) {
      this.#outbox.add(known.name, frame);
      this.#counts.emitted += 1;
      return 'queued';
    }
    this.#counts.emitted += 1;
    return 'sent';
  }

  /** While off, `register`, `unregister` and `emit` do nothing. @throws UsageError INVALID_VALUE for what is no boolean */
  setEventsEnabled(enabled: boolean): void {
    if (typeof enabled !== 'boolean')
      throw new UsageError('INVALID_VALUE', `events are enabled by true or false, not ${enabled}`);
    this.#sending = enabled ? 'on' : 'off';
  }

  /**
   * Resolves when the server has all that was registered and emitted before: a round trip proves it. Then no event is missed
   * any more, whoever emits it.
   * @throws TimeoutError REQUEST_TIMEOUT after `timeout` ms (@default 10_000), NetworkError CLOSED, UsageError ILLEGAL_STEP
   */
  async ready({ timeout = 10_000 }: { readonly timeout?: number } = {}): Promise<void> {
    inRange('timeout', timeout, 1, Number.MAX_SAFE_INTEGER);
    if (this.owner === undefined) throw new UsageError('ILLEGAL_STEP', `${this.name} was not added to a communicator`);
    const proof = this.#opened().then(() => this.#line?.prove());
    const late = new TimeoutError('REQUEST_TIMEOUT', `no round trip over ${this.name} within ${timeout} ms`);
    await new Promise<void>((resolve, reject) => {
      const cancel = this.#clock.after(timeout, () => reject(late));
      proof.then(() => resolve(), reject).finally(cancel);
    });
  }

  stop(): void {
    const was = this.state;
    if (!this.#machine.attempt('stop')) return;
    if (was === 'idle') this.tell('close');
    else if (this.unfinished.messages === 0) this.#end();
    else if (this.#outbox.length === 0) this.#finish();
  }

  destroy(): void {
    this.stop();
    this.#end();
  }

  protected override begin(owner: Owner): void {
    this.#machine.step('start');
    this.#open(owner).catch((error: unknown) => this.#failed(asError(error)));
  }

  protected override enabledChanged(): void {
    if (this.enabled) this.#line?.resume();
    else this.#line?.pause();
  }

  protected override details(): object {
    const { emit, reg, curve } = this.#settings;
    return {
      emitAddress: formatPlace(emit),
      regAddress: formatPlace(reg),
      curve: curve !== undefined,
      callbacks: this.#hearing.callbacks.count,
      waiting: this.#outbox.length,
      unproven: this.#line?.unproven ?? 0,
      ...this.#counts,
      ...this.#hearing.counts,
    };
  }

  async #open(owner: Owner): Promise<void> {
    const { limits, curve } = this.#settings;
    const zmq = await loadZeroMq();
    if (this.state === 'closed') return;
    const security = curve === undefined ? undefined : clientKeys(zmq, curve);
    this.#line = new Line(
      zmq,
      this.#settings,
      { ...limits, linger, security },
      {
        clock: owner.clock,
        outbox: this.#outbox,
        taken: frames => this.#hearing.take(frames),
        up: () => this.#stepped('up', 'connect'),
        down: () => this.#stepped('down', 'drop'),
        refused: reason => this.#hearing.complain('refused', `the server refused the connection: ${reason}`),
        uncertain: count => this.#uncertain(count),
        failed: error => this.log('error', `ZeroMQ failed: ${error.message}`, { error }),
        drained: () => this.#drained(),
      },
    );
    for (const name of this.#hearing.callbacks.names) this.#line.subscribe(name);
    if (!this.enabled) this.#line.pause();
    this.#machine.attempt('opened');
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  /** Resolves when the sockets are there. */
  #opened(): Promise<void> {
    if (this.#line !== undefined) return Promise.resolve();
    if (this.state !== 'opening' && this.state !== 'closing')
      return Promise.reject(new NetworkError('CLOSED', `${this.name} is ${this.state}`));
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #stepped(step: 'up' | 'down', event: 'connect' | 'drop'): void {
    if (!this.#machine.attempt(step)) return;
    this.log('info', step === 'up' ? 'connected' : 'the connection is gone');
    this.tell(event);
  }

  /** While it ends, it is over then: what is not proven is reported as abandoned. */
  #uncertain(count: number): void {
    this.#counts.uncertain += count;
    this.log('warn', `the connection broke: up to ${count} events may not have arrived`, { count });
    if (this.state === 'closing' && this.#outbox.length === 0) this.#end();
  }

  #drained(): void {
    this.tell('drain');
    if (this.state === 'closing') this.#finish();
  }

  /** All was sent; waits for the proof that it has arrived. */
  #finish(): void {
    // A client that handles nothing still has to hear the proof.
    if (!this.enabled) this.#hearing.callbacks.clear();
    this.#line?.resume();
    this.#line?.prove().then(
      () => this.#end(),
      () => undefined,
    );
  }

  #failed(error: Error): void {
    if (this.state === 'closing') return this.#end();
    if (!this.#machine.attempt('failed')) return;
    this.log('error', error.message, { error });
    this.#close(error);
    this.over(error);
  }

  #end(): void {
    if (!this.#machine.attempt('over')) return;
    this.#close(new NetworkError('CLOSED', `${this.name} was stopped`));
    this.over();
  }

  #close(reason: Error): void {
    this.#outbox.close();
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
    this.#line?.close(reason);
  }

  #lost(name: string, reason: LimitError): void {
    this.#counts.lost += 1;
    this.tell('lost', name, reason);
  }

  #eventOf(event: Event | string): Event {
    if (event instanceof Event) return event;
    const known = this.#strings.get(event);
    if (known !== undefined) return known;
    const made = new Event(event);
    if (this.#strings.size < 1_000) this.#strings.set(event, made);
    return made;
  }

  get #clock(): Clock {
    return this.owner?.clock ?? systemClock;
  }
}
