// What a communicator owns: anything the process waits for. A role or a source adds its own work to this.

import { EventEmitter } from 'node:events';
import type { Address } from '../base/address.ts';
import type { Clock } from '../base/clock.ts';
import { reasonOf, UsageError } from '../base/errors.ts';
import { guarded } from '../base/guard.ts';
import { wholeInRange } from '../base/options.ts';
import type { Logger, Severity } from '../logging/index.ts';
import type { PacketTransport, Transport } from '../transport/index.ts';

/** Something that may have more to do than fits one turn of the loop. */
export interface Worker {
  /** Lower goes first. */
  readonly priority: number;
  /** Does a slice of work that begins now; true when more is left. */
  work(now: number): boolean;
}

/** Hands out the time of the process in slices, so that nobody waits long for somebody busy. */
export interface Turns {
  /** Messages in one slice. */
  readonly messages: number;
  /** Milliseconds in one slice. */
  readonly milliseconds: number;
  /** Lets the worker go at once where time is left in this turn (true), or in a turn to come (false). */
  offer(worker: Worker): boolean;
}

/** What a communicator knows of a connection. */
export interface Owned {
  readonly kind: string;
  readonly name: string;
  /** Where it is in its life. */
  readonly state: string;
  readonly priority: number;
  readonly enabled: boolean;
  /** What `destroy` would lose at this moment; after its end, what was lost. */
  readonly unfinished: Unfinished;
  /** For its communicator. @throws UsageError ILLEGAL_STEP where it was started before or has ended */
  start(owner: Owner): void;
  /** Ends in good order: what is under way is finished, nothing new begun. */
  stop(): void;
  /** Ends now. */
  destroy(reason?: Error): void;
  /** Plain data about it. */
  snapshot(): ConnectionSnapshot;
}

/** One that goes along with the others: it looks at them, and keeps nothing alive. */
export interface Companion extends Owned {
  /** The communicator runs, stops, or has changed in another way; `gone`: nothing but companions is left. */
  look(company: 'here' | 'gone'): void;
}

export function isCompanion(connection: Owned): connection is Companion {
  return 'look' in connection;
}

/** What a connection finds at its communicator. */
export interface Owner {
  readonly logger: Logger;
  readonly clock: Clock;
  /** 0 up to 1. */
  readonly random: () => number;
  readonly turns: Turns;
  /** Longest graceful end of a connection in ms. */
  readonly drainTime: number;
  /** @throws UsageError INVALID_ADDRESS */
  streamTransport(address: Address): Promise<Transport>;
  packetTransport(address: Address): Promise<PacketTransport>;
  /** Takes over a connection that another one made. */
  add(connection: Owned): unknown;
  /** The connection has ended; with a failure that nobody else looks after, `run()` rejects. */
  ended(connection: Owned, failure?: Error): void;
  /** It was enabled or disabled. */
  enabledChanged(): void;
}

/** What is lost when a connection is destroyed now. */
export interface Unfinished {
  readonly messages: number;
  readonly bytes: number;
  readonly handlers: number;
}

/** Plain data about a connection. */
export interface ConnectionSnapshot {
  readonly kind: string;
  readonly name: string;
  readonly state: string;
  readonly priority: number;
  readonly enabled: boolean;
  readonly [detail: string]: unknown;
}

export interface ConnectionOptions {
  /** Name in logs. @default the address, or the kind */
  readonly name?: string | undefined;
  /** 0 (first) to 255. @default 100 */
  readonly priority?: number | undefined;
}

// The type of a generic emitter's events must be open for each role to close.
export type EventsOf<E> = { [K in keyof E]: E[K] extends unknown[] ? E[K] : never };

type Listener = (...values: unknown[]) => void;

export abstract class Connection<E extends EventsOf<E>> implements Owned {
  readonly kind: string;
  readonly name: string;
  #priority: number;
  #enabling: 'enabled' | 'disabled' = 'enabled';
  #owner: Owner | undefined;
  /** Made when somebody first listens: most of ten thousand peers are never listened to. */
  #emitter: EventEmitter | undefined;

  constructor(kind: string, { name = kind, priority = 100 }: ConnectionOptions) {
    this.kind = kind;
    this.name = name;
    this.#priority = wholeInRange('priority', priority, 0, 255);
  }

  abstract get state(): string;
  abstract stop(): void;
  abstract destroy(reason?: Error): void;
  abstract get unfinished(): Unfinished;
  /** Begins; its communicator calls this once. */
  protected abstract begin(owner: Owner): void;

  get priority(): number {
    return this.#priority;
  }

  /** @throws UsageError OUT_OF_RANGE outside 0..255 */
  set priority(value: number) {
    this.#priority = wholeInRange('priority', value, 0, 255);
  }

  get enabled(): boolean {
    return this.#enabling === 'enabled';
  }

  /** Calls `listener` at each event of that name. */
  on<K extends keyof E & string>(event: K, listener: (...values: EventsOf<E>[K]) => unknown): this {
    this.#listened.on(event, listener as Listener);
    return this;
  }

  /** Calls `listener` at the next event of that name. */
  once<K extends keyof E & string>(event: K, listener: (...values: EventsOf<E>[K]) => unknown): this {
    this.#listened.once(event, listener as Listener);
    return this;
  }

  /** Undoes `on` and `once`. */
  off<K extends keyof E & string>(event: K, listener: (...values: EventsOf<E>[K]) => unknown): this {
    this.#emitter?.off(event, listener as Listener);
    return this;
  }

  get #listened(): EventEmitter {
    this.#emitter ??= new EventEmitter();
    return this.#emitter;
  }

  /** Goes on after `disable`. */
  enable(): void {
    this.#enable('enabled');
  }

  /** Handles nothing until `enable`; what comes in waits where it is. */
  disable(): void {
    this.#enable('disabled');
  }

  start(owner: Owner): void {
    if (this.state !== 'idle')
      throw new UsageError('ILLEGAL_STEP', `${this.name} is ${this.state}, it cannot be started`);
    this.#owner = owner;
    this.begin(owner);
  }

  snapshot(): ConnectionSnapshot {
    const { kind, name, state, priority, enabled } = this;
    return { kind, name, state, priority, enabled, ...this.details() };
  }

  /** What this kind adds to the snapshot. */
  protected details(): object {
    return {};
  }

  /** Called after enable and disable. */
  protected enabledChanged(): void {}

  /** Emits an event; a listener that throws is logged, and disturbs nobody else. */
  protected tell(event: string, ...values: unknown[]): void {
    const failed = (error: unknown): void => {
      const text = `a listener of "${event}" failed: ${reasonOf(error)}`;
      this.#owner?.logger.log('error', text, { connection: this.name, error });
    };
    for (const listener of this.#emitter?.rawListeners(event) ?? []) {
      guarded(() => Reflect.apply(listener, this, values), failed);
    }
  }

  /** Says it with the name of this connection. */
  protected log(severity: Severity, text: string, fields?: object): void {
    this.#owner?.logger.log(severity, text, { connection: this.name, ...fields });
  }

  /** It has ended: its communicator learns so, and whoever listens. */
  protected over(failure?: Error): void {
    this.#owner?.ended(this, failure);
    this.tell('close');
  }

  protected get owner(): Owner | undefined {
    return this.#owner;
  }

  #enable(to: 'enabled' | 'disabled'): void {
    if (this.#enabling === to) return;
    this.#enabling = to;
    this.enabledChanged();
    this.#owner?.enabledChanged();
  }
}

/** Nothing would be lost. */
export const nothingUnfinished: Unfinished = { messages: 0, bytes: 0, handlers: 0 };
