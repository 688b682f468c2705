// What a communicator can wait for, each made and added in one call.

import type { Readable } from 'node:stream';
import type {
  BindOptions,
  Change,
  ChildOptions,
  ClientOptions,
  ConnectionOptions,
  LinesOptions,
  ListenOptions,
  LogRotateOptions,
  NatsOptions,
  Owned,
  Tick,
  TimerOptions,
  WatchOptions,
} from '../connection/index.ts';
import {
  ChildProcess,
  Client,
  Datagram,
  FileWatch,
  Lines,
  Listener,
  logRotate,
  Nats,
  PermanentClient,
  Signal,
  Timer,
} from '../connection/index.ts';
import type { Logger } from '../logging/index.ts';
import type { SystemdOptions } from './systemd.ts';
import { Systemd } from './systemd.ts';

export abstract class Making {
  abstract readonly logger: Logger & { reopen?(): void };
  abstract readonly state: string;
  abstract readonly connections: readonly Owned[];
  /** Takes over a connection and starts it. */
  abstract add(connection: Owned): boolean;

  /** Accepts connections. `tcp://host:port`, `unix:/path`; without a scheme, tcp. @throws UsageError */
  listen(address: string, options?: ListenOptions): Listener {
    return this.#added(new Listener(address, options));
  }

  /** Connects once. @throws UsageError */
  connect(address: string | readonly string[], options?: ClientOptions): Client {
    return this.#added(new Client(address, options));
  }

  /** Connects, and comes back for ever; several addresses are tried in turn. @throws UsageError */
  permanent(address: string | readonly string[], options?: ClientOptions): PermanentClient {
    return this.#added(new PermanentClient(address, options));
  }

  /** Takes messages in packets. `udp://host:port`. @throws UsageError */
  bind(address: string, options: BindOptions): Datagram {
    return this.#added(new Datagram(address, options));
  }

  /** Reopens the log files when a LOG_ROTATE packet comes. @throws UsageError */
  logRotate(address: string, options: LogRotateOptions = {}): Datagram {
    const rotate = options.rotate ?? ((): void => this.logger.reopen?.());
    return this.#added(logRotate(address, { ...options, rotate }));
  }

  /** Connects to NATS, and comes back for ever. `nats://host:port`, several with commas. @throws UsageError */
  nats(servers: string | readonly string[], options?: NatsOptions): Nats {
    return this.#added(new Nats(servers, options));
  }

  /** Calls `tick` after or every so many ms. @throws UsageError */
  timer(options: TimerOptions, tick: Tick): Timer {
    return this.#added(new Timer(options, tick));
  }

  /** Calls `handler` for a signal of the system. @throws UsageError */
  signal(signal: NodeJS.Signals, handler: (signal: NodeJS.Signals) => unknown, options?: ConnectionOptions): Signal {
    return this.#added(new Signal(signal, handler, options));
  }

  /** Runs a program; it is started again where it fails, and ended with the communicator. @throws UsageError */
  child(command: string | readonly string[], options?: ChildOptions): ChildProcess {
    return this.#added(new ChildProcess(command, options));
  }

  /** Tells what changes at a file, in a folder, or of names by pattern (`/etc/x/*.conf`). @throws UsageError */
  watch(path: string, handler: (change: Change) => unknown, options?: WatchOptions): FileWatch {
    return this.#added(new FileWatch(path, handler, options));
  }

  /** Tells systemd how this communicator fares, where it asks (NOTIFY_SOCKET). Once in a process. @throws UsageError */
  systemd(options?: SystemdOptions): Systemd {
    return this.#added(new Systemd(this, options));
  }

  /** Calls `handler` for each line of a stream, one after the other; the stream is destroyed at the end. @throws UsageError */
  lines(stream: Readable, handler: (line: string) => unknown, options?: LinesOptions): Lines {
    return this.#added(new Lines(stream, handler, options));
  }

  #added<C extends Owned>(connection: C): C {
    this.add(connection);
    return connection;
  }
}
