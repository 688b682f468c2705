// What the service manager is told of a communicator (sd_notify(3)), where systemd started us with Type=notify.
//
//   idle ─start▶ starting ─ready▶ ready ─reload▶ reloading ─ready▶ ready
//     └─stop▶ closed         └──────────┴────stop───┴▶ stopping ─over▶ closed       (from each but idle: ─over▶ closed)
//
// It goes along with the others and keeps nothing alive. STOPPING goes out when the communicator begins to stop, or when
// nothing else is left.
//
// The watchdog. WATCHDOG=1 goes out each half of WATCHDOG_USEC, after two proofs: a timer of the loop fired, so a loop that
// is blocked sends none; and then this connection got its turn in the communicator's line, as any other of its priority
// does, so a loop that turns while others' turns never end sends none either. A handler whose promise never settles holds
// its own connection alone, and does not count; where it should, or anything else, `healthy` says so.
//
// Without NOTIFY_SOCKET nothing is ever started.

import type { Cancel } from '../base/clock.ts';
import { reasonOf, UsageError } from '../base/errors.ts';
import { refuseUnknown } from '../base/options.ts';
import type { StateTable } from '../base/state-table.ts';
import { StateMachine } from '../base/state-table.ts';
import type { Companion, ConnectionOptions, Listener, Owned, Owner, Unfinished, Worker } from '../connection/index.ts';
import { Connection, nothingUnfinished } from '../connection/index.ts';
import { passedSockets } from '../transport/index.ts';
import { Notifier } from './notifier.ts';

export type SystemdState = 'idle' | 'starting' | 'ready' | 'reloading' | 'stopping' | 'closed';
type SystemdEvent = 'start' | 'ready' | 'reload' | 'stop' | 'over';

export const systemdTable: StateTable<SystemdState, SystemdEvent> = {
  idle: { start: 'starting', stop: 'closed' },
  starting: { ready: 'ready', stop: 'stopping', over: 'closed' },
  ready: { reload: 'reloading', stop: 'stopping', over: 'closed' },
  reloading: { ready: 'ready', stop: 'stopping', over: 'closed' },
  stopping: { over: 'closed' },
  closed: {},
};

export interface SystemdOptions extends ConnectionOptions {
  /**
   * When READY goes out: once the communicator runs and every place of it listens, or when the program calls `ready()`.
   * @default 'listening'
   */
  readonly ready?: 'listening' | 'told' | undefined;
  /** Asked before each WATCHDOG; false, or an error, withholds it. @default always healthy */
  readonly healthy?: (() => boolean) | undefined;
  /** What is run to say something. @default 'systemd-notify' */
  readonly program?: string | undefined;
  /** Has NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, which are taken away. @default process.env */
  readonly environment?: Record<string, string | undefined> | undefined;
}

/** The communicator, as far as it is looked at. */
export interface Watched {
  readonly state: string;
  readonly connections: readonly Owned[];
}

const known: { [K in keyof Required<SystemdOptions>]: 0 } = {
  name: 0,
  priority: 0,
  ready: 0,
  healthy: 0,
  program: 0,
  environment: 0,
};

/** The end of the process waits so many ms for the last word, at most. */
const lastWordTime = 2_000;

export class Systemd extends Connection<{ ready: []; close: [] }> implements Companion, Worker {
  readonly #watched: Watched;
  readonly #options: SystemdOptions;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #machine = new StateMachine(systemdTable, 'idle');
  readonly #awaited = new WeakSet<Owned>();
  #notifier: Notifier | undefined;
  #health: 'good' | 'bad' = 'good';
  #beats = 0;
  #cancel: Cancel = () => undefined;

  /** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_VALUE */
  constructor(watched: Watched, options: SystemdOptions = {}) {
    super('systemd', options);
    refuseUnknown('systemd', known, options);
    const { ready = 'listening', environment = process.env } = options;
    if (ready !== 'listening' && ready !== 'told') {
      throw new UsageError('INVALID_VALUE', `ready is ${String(ready)}, it must be listening or told`);
    }
    this.#watched = watched;
    this.#options = options;
    this.#environment = { ...environment };
    // No child of ours is to speak for us.
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[name];
    if (environment === process.env) passedSockets();
  }

  get state(): SystemdState {
    return this.#machine.state;
  }

  get unfinished(): Unfinished {
    return nothingUnfinished;
  }

  /** Milliseconds between two WATCHDOG; undefined where the manager asks for none of this process. */
  get beat(): number | undefined {
    const { WATCHDOG_USEC, WATCHDOG_PID = String(process.pid) } = this.#environment;
    if (WATCHDOG_PID !== String(process.pid) || !/^[1-9]\d{0,15}$/.test(WATCHDOG_USEC ?? '')) return undefined;
    return Math.max(1, Number(WATCHDOG_USEC) / 2_000);
  }

  /** Says READY now. The first call counts, and the first after `reload`. */
  ready(): void {
    if (!this.#machine.attempt('ready')) return;
    this.#notifier?.sayState('READY');
    this.tell('ready');
  }

  /** Says what the service is doing; `systemctl status` shows it. */
  status(text: string): void {
    // One line: what followed a line feed would be another word to systemd.
    this.#notifier?.say('STATUS', text.replaceAll(/\p{Cc}+/gu, ' '));
  }

  /**
   * Says RELOADING, does the work, and says READY, whether it failed or not.
   * @throws what the work throws, UsageError ILLEGAL_STEP where it is not ready
   */
  async reload(work: () => unknown): Promise<void> {
    this.#machine.step('reload');
    this.#notifier?.sayState('RELOADING', `MONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`);
    try {
      await work();
    } finally {
      this.ready();
    }
  }

  stop(): void {
    if (this.state !== 'idle' && this.#watched.state === 'stopping') this.#sayStopping();
    else this.destroy();
  }

  destroy(): void {
    if (this.#machine.attempt('over') || this.#machine.attempt('stop')) this.#end();
  }

  look(company: 'here' | 'gone'): void {
    if (company === 'gone') return this.#finish();
    const waits = this.state === 'starting' && this.#options.ready !== 'told';
    if (waits && this.#watched.state === 'running') this.#awaitPlaces();
  }

  /** Its turn: the line moves. */
  work(): boolean {
    if (this.state === 'closed') return false;
    if (this.#isHealthy()) {
      this.#beats += 1;
      this.#notifier?.say('WATCHDOG', '1');
    }
    this.#arm();
    return false;
  }

  protected override begin({ clock, logger }: Owner): void {
    this.#machine.step('start');
    const { NOTIFY_SOCKET: socket = '', PATH: path } = this.#environment;
    if (socket === '') return;
    const { program = 'systemd-notify' } = this.#options;
    this.#notifier = new Notifier({ name: this.name, program, socket, path, clock, logger });
    this.#arm();
  }

  protected override details(): object {
    const { told = 0, failed = 0, state: notifier = 'none' } = this.#notifier ?? {};
    return { notifier, told, failed, beats: this.#beats, beat: this.beat };
  }

  /** READY once nothing is about to listen. */
  #awaitPlaces(): void {
    const opening = this.#watched.connections.filter(isOpening);
    if (opening.length === 0) return this.ready();
    for (const place of opening) {
      if (this.#awaited.has(place)) continue;
      this.#awaited.add(place);
      place.once('listening', () => this.look('here'));
    }
  }

  #arm(): void {
    const { owner, beat } = this;
    if (owner === undefined || beat === undefined) return;
    this.#cancel = owner.clock.after(beat, () => void owner.turns.offer(this));
  }

  #isHealthy(): boolean {
    let reason = 'healthy() says no';
    try {
      if (this.#options.healthy?.() ?? true) {
        this.#health = 'good';
        return true;
      }
    } catch (error) {
      reason = reasonOf(error);
    }
    if (this.#health === 'good') {
      this.log('warn', `no WATCHDOG is sent: ${reason}`);
    }
    this.#health = 'bad';
    return false;
  }

  #sayStopping(): void {
    if (this.#machine.attempt('stop')) this.#notifier?.sayState('STOPPING');
  }

  /** All others have ended. */
  #finish(): void {
    this.#sayStopping();
    const over = (): void => {
      if (this.#machine.attempt('over')) this.#end();
    };
    if (this.#notifier === undefined) over();
    else this.#notifier.finish(lastWordTime, over);
  }

  #end(): void {
    this.#cancel();
    this.#notifier?.end();
    this.over();
  }
}

/** A listener, or whatever else is about to listen. */
function isOpening(connection: Owned): connection is Listener {
  return connection instanceof Connection && connection.state === 'opening' && connection.kind !== 'watch';
}
