// The one that owns everything a process waits for.
//
//   idle ─run▶ running ─over▶ idle        (over: nothing is left, or all that is left is disabled)
//     └─stop──────┴─────stop▶ stopping ─stopped▶ idle
//
// No singleton: a process may have two, and tests do.

import type { Address } from '../base/address.ts';
import type { Clock } from '../base/clock.ts';
import { systemClock } from '../base/clock.ts';
import { UsageError } from '../base/errors.ts';
import type { Given } from '../base/options.ts';
import { inRange, refuseUnknown, wholeInRange, withDefaults } from '../base/options.ts';
import type { StateTable } from '../base/state-table.ts';
import { StateMachine } from '../base/state-table.ts';
import type { Companion, Owned, Owner, Turns } from '../connection/index.ts';
import { isCompanion } from '../connection/index.ts';
import type { GivenLogger, Logger, Severity } from '../logging/index.ts';
import { SteadyLogger, silentLogger } from '../logging/index.ts';
import type { PacketTransport, Transport, Transports } from '../transport/index.ts';
import { packetTransport, streamTransport } from '../transport/index.ts';
import { Making } from './making.ts';
import type { StopReport } from './shutdown.ts';
import { Shutdown } from './shutdown.ts';
import type { Snapshot } from './snapshot.ts';
import { snapshotOf } from './snapshot.ts';
import type { TurnLimits } from './turn.ts';
import { TurnTaker, turnDefaults } from './turn.ts';

export type CommunicatorState = 'idle' | 'running' | 'stopping';
type CommunicatorEvent = 'run' | 'over' | 'stop' | 'stopped';

export const communicatorTable: StateTable<CommunicatorState, CommunicatorEvent> = {
  idle: { run: 'running', stop: 'stopping' },
  running: { over: 'idle', stop: 'stopping' },
  stopping: { stopped: 'idle' },
};

export interface CommunicatorOptions {
  /** Where everything is logged; a winston logger of `serviceLogger` is one. Its failures disturb nobody. @default silent */
  readonly logger?: GivenLogger | undefined;
  /** @default the system's, monotonic */
  readonly clock?: Clock | undefined;
  /** 0 up to 1, for the jitter of pauses. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** Transports of one's own by scheme: `memory: memory()`, `udp: udp({ interface })`. */
  readonly transports?: Transports | undefined;
  /** How much one connection may do before others go. */
  readonly turn?: Given<TurnLimits> | undefined;
  /** Longest drain of a stop, in ms. @default 10_000 */
  readonly drain?: number | undefined;
}

const known = { logger: 0, clock: 0, random: 0, transports: 0, turn: 0, drain: 0 };

interface Running {
  readonly resolve: (all: boolean) => void;
  readonly reject: (error: Error) => void;
}

export class Communicator extends Making implements Owner {
  readonly logger: Logger & { reopen?(): void };
  readonly clock: Clock;
  readonly random: () => number;
  readonly turns: Turns;
  readonly drainTime: number;
  readonly #steady: SteadyLogger;
  readonly #transports: Transports;
  readonly #machine = new StateMachine(communicatorTable, 'idle');
  readonly #connections = new Set<Owned>();
  /** Those of them that go along with the others. */
  readonly #companions = new Set<Companion>();
  #running: Running | undefined;
  #failure: Error | undefined;
  #shutdown:
    | { readonly progress: Shutdown; readonly done: () => void; readonly promise: Promise<StopReport> }
    | undefined;

  /** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE */
  constructor(options: CommunicatorOptions = {}) {
    super();
    refuseUnknown('a communicator', known, options);
    const { clock = systemClock, random = Math.random } = options;
    const turn = withDefaults('turn', turnDefaults, options.turn);
    wholeInRange('messages of a turn', turn.messages, 1, 1_000_000);
    inRange('milliseconds of a turn', turn.milliseconds, 0.1, 1_000);
    this.#steady = new SteadyLogger(options.logger ?? silentLogger, clock);
    this.logger = this.#steady;
    this.clock = clock;
    this.random = random;
    this.#transports = options.transports ?? {};
    this.drainTime = inRange('drain', options.drain ?? 10_000, 0, Number.MAX_SAFE_INTEGER);
    this.turns = new TurnTaker(turn, clock, error => this.logger.log('error', error.message, { error }));
  }

  get state(): CommunicatorState {
    return this.#machine.state;
  }

  /** What it owns, by priority. */
  get connections(): Owned[] {
    return [...this.#connections].sort((a, b) => a.priority - b.priority);
  }

  /** Milliseconds that the loop of the process has spent waiting. */
  get idleTime(): number {
    return performance.eventLoopUtilization().idle;
  }

  // ---- what it owns

  /**
   * Takes over a connection and starts it; false if it is here already. While stopping it is ended at once.
   * @throws UsageError ILLEGAL_STEP for one that was started before
   */
  add(connection: Owned): boolean {
    if (this.#connections.has(connection)) return false;
    this.#connections.add(connection);
    if (isCompanion(connection)) this.#companions.add(connection);
    try {
      connection.start(this);
    } catch (error) {
      this.#delete(connection);
      throw error;
    }
    if (this.state === 'stopping') connection.stop();
    return true;
  }

  /** Ends a connection in good order; false if it is not here. */
  remove(connection: Owned): boolean {
    if (!this.#connections.has(connection)) return false;
    connection.stop();
    return true;
  }

  // ---- run and stop

  /**
   * Resolves with true when nothing is left to wait for, and with false when all that is left is disabled.
   * @throws UsageError ALREADY_RUNNING, NetworkError LISTEN_FAILED of a listener whose `ready` nobody asked for
   */
  run(): Promise<boolean> {
    if (this.#running !== undefined) {
      return Promise.reject(new UsageError('ALREADY_RUNNING', 'this communicator runs already'));
    }
    const over = new Promise<boolean>((resolve, reject) => {
      this.#running = { resolve, reject };
    });
    this.#machine.attempt('run');
    this.#look();
    return over;
  }

  /**
   * Ends everything in good order, and reports; at the latest after `deadline` ms (or a little later, for what has
   * to be destroyed then). It always resolves. Called again while it is under way, it gives the same promise.
   */
  stop(deadline: number = this.drainTime): Promise<StopReport> {
    if (this.#shutdown !== undefined) return this.#shutdown.promise;
    this.#machine.step('stop');
    const progress = new Shutdown(this.clock);
    let done = (): void => undefined;
    const promise = new Promise<StopReport>(resolve => {
      done = () => resolve(progress.report());
    });
    this.#shutdown = { progress, done, promise };
    const cancel = progress.begin(this.#connections, deadline, () => this.#connections);
    void promise.then(report => {
      cancel();
      this.#logReport(report);
    });
    this.#look();
    return promise;
  }

  // ---- what can be seen

  /** Plain data about everything it owns. */
  snapshot(): Snapshot {
    const { state, idleTime } = this;
    return snapshotOf({ state, idleTime, logFailures: this.#steady.failures }, this.connections);
  }

  /** One log line a connection. */
  showConnections(severity: Severity = 'debug'): void {
    for (const { kind, name, state, enabled } of this.connections) {
      this.logger.log(severity, `${kind} ${name} is ${state}${enabled ? '' : ', disabled'}`);
    }
  }

  // ---- for connections

  streamTransport(address: Address): Promise<Transport> {
    return streamTransport(address, this.#transports);
  }

  packetTransport(address: Address): Promise<PacketTransport> {
    return packetTransport(address, this.#transports);
  }

  ended(connection: Owned, failure?: Error): void {
    if (!this.#delete(connection)) return;
    this.#failure ??= failure;
    this.#shutdown?.progress.ended(connection);
    this.#look();
  }

  enabledChanged(): void {
    this.#look();
  }

  #delete(connection: Owned): boolean {
    if (isCompanion(connection)) this.#companions.delete(connection);
    return this.#connections.delete(connection);
  }

  /** Whether there is anything left to wait for. */
  #look(): void {
    if (this.state === 'stopping' || (this.state === 'running' && this.#failure === undefined)) {
      const company = this.#connections.size > this.#companions.size ? 'here' : 'gone';
      for (const companion of [...this.#companions]) companion.look(company);
    }
    const left = this.#connections.size;
    if (left === 0 && this.#shutdown !== undefined) {
      this.#machine.step('stopped');
      this.#shutdown.done();
      this.#shutdown = undefined;
    }
    if (this.#running === undefined) return;
    if (this.#failure !== undefined) return this.#over(running => running.reject(this.#failure as Error));
    if (left === 0) return this.#over(running => running.resolve(true));
    // Companions that are left alone end by themselves.
    if (left === this.#companions.size) return;
    for (const one of this.#connections) if (one.enabled && !isCompanion(one)) return;
    this.logger.log('fatal', `all that is left is disabled: ${this.connections.map(({ name }) => name).join(', ')}`);
    this.#over(running => running.resolve(false));
  }

  #over(settle: (running: Running) => void): void {
    const running = this.#running as Running;
    this.#running = undefined;
    this.#machine.attempt('over');
    settle(running);
    this.#failure = undefined;
  }

  #logReport({ finished, abandoned, milliseconds }: StopReport): void {
    const took = Math.round(milliseconds);
    this.logger.log('info', `stopped in ${took} ms: ${finished} finished, ${abandoned.length} abandoned`);
    for (const { name, messages, bytes, handlers } of abandoned) {
      this.logger.log('warn', 'abandoned at stop', { connection: name, messages, bytes, handlers });
    }
  }
}
