// Stands between those who send packets and the one they send to, and loses, doubles and delays them.
//
//   open ─close▶ closed
//
// Each asker has a socket of its own towards the server, so that an answer finds its way back to who asked.

import type { Address } from '../base/address.ts';
import { formatAddress, parseAddress } from '../base/address.ts';
import type { Cancel, Clock } from '../base/clock.ts';
import { systemClock } from '../base/clock.ts';
import { UsageError } from '../base/errors.ts';
import { inRange, refuseUnknown } from '../base/options.ts';
import type { StateTable } from '../base/state-table.ts';
import { StateMachine } from '../base/state-table.ts';
import type { PacketSocket, PacketTransport } from '../transport/index.ts';
import { packetTransport } from '../transport/index.ts';
import type { Direction } from './faults.ts';
import { beside, longestDelay } from './faults.ts';
import { seededRandom } from './random.ts';
import type { Recorder } from './recorder.ts';

export type PacketProxyState = 'open' | 'closed';

export const packetProxyTable: StateTable<PacketProxyState, 'close'> = {
  open: { close: 'closed' },
  closed: { close: 'closed' },
};

export interface PacketProxyOptions {
  /** Address of the server. */
  readonly to: string;
  /** Where packets come in. @default a free port of 127.0.0.1, or the path of `to` with `-proxy` behind it */
  readonly listen?: string | undefined;
  /** What carries the packets. @default the built-in transport of the scheme */
  readonly transport?: PacketTransport | undefined;
  /** Chance: numbers from 0 up to 1, two for each packet. @default seededRandom(1) */
  readonly random?: (() => number) | undefined;
  /** Time for `delay`. @default the system's */
  readonly clock?: Clock | undefined;
  /** Keeps what passes. @default none */
  readonly recorder?: Recorder | undefined;
}

/** Packets by what became of them. */
export interface PacketCounts {
  /** Passed on to the server, doubles included. */
  readonly toServer: number;
  /** Answers passed on, doubles included. */
  readonly toClient: number;
  /** Lost by `drop`, or because too many waited. */
  readonly dropped: number;
  readonly duplicated: number;
  /** Those that the system did not take. */
  readonly failed: number;
}

interface Asker {
  readonly link: number;
  /** The socket towards the server. */
  readonly back: Promise<PacketSocket>;
}

interface Waiting {
  readonly cancel: Cancel;
  readonly go: () => void;
}

const known = { to: 0, listen: 0, transport: 0, random: 0, clock: 0, recorder: 0 };
/** Askers who can be answered at one time; the one that was silent longest is forgotten for a new one. */
const mostAskers = 1_000;
/** Packets that may wait for their time; further ones are dropped. */
const mostWaiting = 10_000;
const noFaults = { drop: 0, duplicate: 0, delay: 0 };

/** A proxy for packets whose faults a test switches on and off. They are for both directions. */
export class PacketProxy {
  readonly #to: Address;
  readonly #transport: PacketTransport;
  readonly #random: () => number;
  readonly #clock: Clock;
  readonly #recorder: Recorder | undefined;
  readonly #opened: number;
  readonly #machine = new StateMachine(packetProxyTable, 'open');
  readonly #askers = new Map<string, Asker>();
  readonly #waiting = new Set<Waiting>();
  readonly #counts = { toServer: 0, toClient: 0, dropped: 0, duplicated: 0, failed: 0 };
  #faults = noFaults;
  #socket: PacketSocket | undefined;
  #address: Address;
  #links = 0;

  /**
   * Binds, and resolves when packets can come.
   * @throws NetworkError LISTEN_FAILED, UsageError INVALID_ADDRESS, UNKNOWN_OPTION
   */
  static async open(options: PacketProxyOptions): Promise<PacketProxy> {
    refuseUnknown('packet proxy', known, options);
    const to = parseAddress(options.to, 'udp');
    const from = options.listen === undefined ? beside(to) : parseAddress(options.listen, 'udp');
    const proxy = new PacketProxy(from, to, options.transport ?? (await packetTransport(to)), options);
    await proxy.#bind();
    return proxy;
  }

  private constructor(from: Address, to: Address, transport: PacketTransport, options: PacketProxyOptions) {
    this.#address = from;
    this.#to = to;
    this.#transport = transport;
    this.#random = options.random ?? seededRandom();
    this.#clock = options.clock ?? systemClock;
    this.#recorder = options.recorder;
    this.#opened = this.#clock.now();
  }

  /** Where packets are sent to, with the port that the system gave. */
  get address(): string {
    return formatAddress(this.#address);
  }

  get state(): PacketProxyState {
    return this.#machine.state;
  }

  get packets(): PacketCounts {
    return { ...this.#counts };
  }

  /** Packets that wait for their time. */
  get held(): number {
    return this.#waiting.size;
  }

  /** Loses this share of the packets, 0 to 1. @throws UsageError OUT_OF_RANGE */
  drop(share: number): void {
    this.#change({ drop: inRange('drop', share, 0, 1) });
  }

  /** Passes this share of the packets twice, 0 to 1. @throws UsageError OUT_OF_RANGE */
  duplicate(share: number): void {
    this.#change({ duplicate: inRange('duplicate', share, 0, 1) });
  }

  /**
   * Passes each packet `ms` milliseconds after it came. At most 10,000 wait; further ones are dropped and counted.
   * @throws UsageError OUT_OF_RANGE beyond 0 to 86,400,000
   */
  delay(ms: number): void {
    this.#change({ delay: inRange('delay', ms, 0, longestDelay) });
  }

  /** Ends all faults; what waited passes. */
  heal(): void {
    this.#change(noFaults);
    for (const { cancel, go } of [...this.#waiting]) {
      cancel();
      go();
    }
  }

  /** Closes its sockets; what waits is thrown away. Closing twice does nothing. */
  async close(): Promise<void> {
    this.#machine.step('close');
    this.#socket?.close();
    this.#socket = undefined;
    for (const { cancel } of this.#waiting) cancel();
    this.#waiting.clear();
    const askers = [...this.#askers.values()];
    this.#askers.clear();
    await Promise.all(askers.map(({ back }) => closed(back)));
  }

  #change(faults: Partial<typeof noFaults>): void {
    if (this.state === 'closed') throw new UsageError('ILLEGAL_STEP', `the proxy at ${this.address} is closed`);
    this.#faults = { ...this.#faults, ...faults };
  }

  async #bind(): Promise<void> {
    this.#socket = await this.#transport.bind(this.#address, {
      packet: (bytes, from) => this.#asked(bytes, from),
      trouble: () => this.#failed(),
    });
    this.#address = this.#socket.address;
  }

  #asked(bytes: Buffer, from: Address): void {
    if (this.state === 'closed') return;
    const { link, back } = this.#asker(from);
    this.#toss('to server', link, bytes, () => back.then(socket => socket.send(bytes, this.#to)));
  }

  /** The asker at that address, an old one or a new one. */
  #asker(from: Address): Asker {
    const key = formatAddress(from);
    const asker = this.#askers.get(key) ?? this.#newAsker(from);
    this.#askers.delete(key);
    this.#askers.set(key, asker);
    const [silent] = this.#askers;
    if (this.#askers.size > mostAskers && silent !== undefined) {
      this.#askers.delete(silent[0]);
      void closed(silent[1].back);
    }
    return asker;
  }

  #newAsker(from: Address): Asker {
    this.#links += 1;
    const link = this.#recorder?.nextLink() ?? this.#links;
    const { path } = this.#address;
    const own = { ...this.#address, port: 0, path: path === '' ? '' : `${path}-${this.#links}` };
    const back = this.#transport.bind(own, {
      packet: bytes => this.#toss('to client', link, bytes, async () => this.#socket?.send(bytes, from)),
      trouble: () => this.#failed(),
    });
    return { link, back };
  }

  /** Lets chance decide about a packet. */
  #toss(direction: Direction, link: number, bytes: Buffer, send: () => Promise<void>): void {
    const [drop, duplicate] = [this.#random() < this.#faults.drop, this.#random() < this.#faults.duplicate];
    if (drop) return this.#drop(link);
    const go = (): void => {
      this.#counts[direction === 'to server' ? 'toServer' : 'toClient'] += 1;
      this.#recorder?.passed(this.#at, link, direction, bytes);
      send().catch(() => this.#failed());
    };
    this.#later(link, go);
    if (!duplicate) return;
    this.#counts.duplicated += 1;
    this.#later(link, go);
  }

  #later(link: number, go: () => void): void {
    const { delay } = this.#faults;
    if (delay === 0) return go();
    if (this.#waiting.size >= mostWaiting) return this.#drop(link);
    const due = (): void => {
      this.#waiting.delete(waiting);
      go();
    };
    const waiting = { cancel: this.#clock.after(delay, due), go: due };
    this.#waiting.add(waiting);
  }

  #drop(link: number): void {
    this.#counts.dropped += 1;
    this.#recorder?.happened(this.#at, link, 'dropped');
  }

  #failed(): void {
    this.#counts.failed += 1;
  }

  get #at(): number {
    return this.#clock.now() - this.#opened;
  }
}

function closed(socket: Promise<PacketSocket>): Promise<void> {
  return socket.then(
    open => open.close(),
    () => undefined,
  );
}
