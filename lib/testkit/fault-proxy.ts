// Stands between a client and a server, and does to the way between them what a test asks for.
//
//   opening ─opened▶ open ─refuse▶ refusing ─heal▶ opening
//      └──failed, refuse──────────────▲            any ─close▶ closed
//
// It listens while opening or open, and really does not listen while refusing. `place` brings what is into line
// with the phase, one step at a time, because listening takes a while and the phase may have moved on by then.

import type { Address } from '../base/address.ts';
import { formatAddress, parseAddress } from '../base/address.ts';
import type { Clock } from '../base/clock.ts';
import { systemClock } from '../base/clock.ts';
import { NetworkError, UsageError } from '../base/errors.ts';
import { inRange, refuseUnknown, wholeInRange } from '../base/options.ts';
import type { StateTable } from '../base/state-table.ts';
import { StateMachine } from '../base/state-table.ts';
import type { Channel, Listening, StreamTransports, Transport } from '../transport/index.ts';
import { streamTransport } from '../transport/index.ts';
import type { Direction, Faults } from './faults.ts';
import { beside, directions, longestDelay, noFaults } from './faults.ts';
import type { Ending, LinkWorld } from './link.ts';
import { FaultLink } from './link.ts';
import type { Recorder } from './recorder.ts';

export type FaultProxyState = 'opening' | 'open' | 'refusing' | 'closed';
type FaultProxyEvent = 'opened' | 'failed' | 'refuse' | 'heal' | 'close';

export const faultProxyTable: StateTable<FaultProxyState, FaultProxyEvent> = {
  opening: { opened: 'open', failed: 'refusing', refuse: 'refusing', heal: 'opening', close: 'closed' },
  open: { refuse: 'refusing', heal: 'open', close: 'closed' },
  refusing: { refuse: 'refusing', heal: 'opening', close: 'closed' },
  closed: { close: 'closed' },
};

export interface FaultProxyOptions {
  /** Address of the server. Each client gets a connection of its own to it. */
  readonly to: string;
  /** Where clients come in. @default a free port of 127.0.0.1, or the path of `to` with `-proxy` behind it */
  readonly listen?: string | undefined;
  /** Transports by scheme before the built-in ones; memory addresses need theirs here. @default none */
  readonly transports?: StreamTransports | undefined;
  /** Time for `delay` and `rate`. @default the system's */
  readonly clock?: Clock | undefined;
  /** Keeps what passes. @default none */
  readonly recorder?: Recorder | undefined;
}

const known = { to: 0, listen: 0, transports: 0, clock: 0, recorder: 0 };
/** Links at one time; further clients are closed. */
const mostLinks = 10_000;

/** A proxy for byte streams whose faults a test switches on and off. */
export class FaultProxy {
  readonly #to: Address;
  readonly #transports: { readonly near: Transport; readonly far: Transport };
  readonly #clock: Clock;
  readonly #recorder: Recorder | undefined;
  readonly #opened: number;
  readonly #machine = new StateMachine(faultProxyTable, 'opening');
  readonly #links = new Set<FaultLink>();
  readonly #bytes = { toServer: 0, toClient: 0 };
  #faults: Faults = noFaults;
  #address: Address;
  #listening: Listening | undefined;
  #placing: Promise<void> | undefined;

  /**
   * Listens, and resolves when clients can come.
   * @throws NetworkError LISTEN_FAILED, UsageError INVALID_ADDRESS, UNKNOWN_OPTION
   */
  static async open(options: FaultProxyOptions): Promise<FaultProxy> {
    refuseUnknown('fault proxy', known, options);
    const to = parseAddress(options.to, 'tcp');
    const own = options.transports ?? {};
    const from = options.listen === undefined ? beside(to) : parseAddress(options.listen, 'tcp');
    const [near, far] = await Promise.all([streamTransport(from, own), streamTransport(to, own)]);
    const proxy = new FaultProxy(from, to, { near, far }, options);
    await proxy.#place();
    return proxy;
  }

  private constructor(
    from: Address,
    to: Address,
    transports: { near: Transport; far: Transport },
    { clock = systemClock, recorder }: FaultProxyOptions,
  ) {
    this.#address = from;
    this.#to = to;
    this.#transports = transports;
    this.#clock = clock;
    this.#recorder = recorder;
    this.#opened = clock.now();
  }

  get state(): FaultProxyState {
    return this.#machine.state;
  }

  /** Where clients connect to, with the port that the system gave. It stays the same for the proxy's whole life. */
  get address(): string {
    return formatAddress(this.#address);
  }

  /** Clients that are connected through it at present. */
  get links(): number {
    return this.#links.size;
  }

  /** Bytes that were passed on since it was opened, over all links. */
  get bytes(): { readonly toServer: number; readonly toClient: number } {
    return { ...this.#bytes };
  }

  /** Bytes that wait in it at present: for their time, for a frozen way, for a reader. */
  get held(): number {
    return [...this.#links].reduce((sum, { held }) => sum + held, 0);
  }

  /** Closes every link at once, both sides, and refuses new ones (nobody listens) until `heal`. */
  async cut(): Promise<void> {
    this.#use();
    const placed = this.#refuse();
    this.#end('destroy', 'cut');
    await placed;
  }

  /** Resets every link (TCP: RST; elsewhere as `cut` closes them), and goes on listening. */
  reset(): void {
    this.#use();
    this.#end('reset', 'reset');
  }

  /** Refuses new links (nobody listens) until `heal`; the present ones live on. */
  async refuse(): Promise<void> {
    this.#use();
    await this.#refuse();
  }

  /**
   * Nothing passes in that direction any more, neither bytes nor ends, until `heal`; the sockets stay open. What is
   * sent waits in the proxy (256 KiB for each link), in the system, and then at its sender. New links freeze too.
   * @default 'both'
   */
  freeze(direction: Direction | 'both' = 'both'): void {
    const frozen = new Set([...this.#faults.frozen, ...directions(direction)]);
    this.#change({ frozen });
  }

  /**
   * Each chunk passes `ms` milliseconds after it came, in its order, in both directions; 0 ends that. At most
   * 256 KiB or 1,024 chunks of a link are under way in a direction: more are not read until there is room.
   * @throws UsageError OUT_OF_RANGE beyond 0 to 86,400,000
   */
  delay(ms: number): void {
    this.#change({ delay: inRange('delay', ms, 0, longestDelay) });
  }

  /**
   * At most so many bytes pass per second, in each direction of each link; Infinity ends that.
   * @throws UsageError OUT_OF_RANGE below 1
   */
  rate(bytesPerSecond: number): void {
    this.#change({ rate: inRange('rate', bytesPerSecond, 1, Number.POSITIVE_INFINITY) });
  }

  /**
   * Each chunk passes in pieces of so many bytes, each in a round of the event loop of its own; Infinity ends that.
   * The reader gets them one by one over memory; over sockets the system joins what was not read yet.
   * @throws UsageError OUT_OF_RANGE below 1
   */
  split(bytes = 1): void {
    const size = bytes === Number.POSITIVE_INFINITY ? bytes : wholeInRange('split', bytes, 1, Number.MAX_SAFE_INTEGER);
    this.#change({ split: size });
  }

  /**
   * Ends all faults: what waited passes, and it listens on the same address again.
   * @throws NetworkError LISTEN_FAILED where another program took the address; it goes on refusing then. CLOSED where
   * `cut`, `refuse` or `close` came before it listened.
   */
  async heal(): Promise<void> {
    this.#use();
    this.#change(noFaults);
    this.#machine.step('heal');
    await this.#place();
    if (this.state !== 'open') throw new NetworkError('CLOSED', `${this.address} was ${this.state} before it listened`);
  }

  /** Closes the place and every link. Closing twice does nothing. */
  async close(): Promise<void> {
    this.#machine.step('close');
    const placed = this.#place();
    this.#end('destroy', 'closed');
    await placed;
  }

  /** @throws UsageError ILLEGAL_STEP */
  #use(): void {
    if (this.state === 'closed') throw new UsageError('ILLEGAL_STEP', `the proxy at ${this.address} is closed`);
  }

  #change(faults: Partial<Faults>): void {
    this.#use();
    this.#faults = { ...this.#faults, ...faults };
    for (const link of [...this.#links]) link.changed();
  }

  #refuse(): Promise<void> {
    this.#machine.step('refuse');
    return this.#place();
  }

  #end(how: Ending, event: string): void {
    for (const link of [...this.#links]) link.end(how, event);
  }

  /** Listens or stops listening, as the phase wants it, also where the phase changes meanwhile. */
  #place(): Promise<void> {
    if (this.state === 'opening') this.#placing ??= this.#listen();
    else if (this.state !== 'open') this.#unlisten();
    return this.#placing ?? Promise.resolve();
  }

  #unlisten(): void {
    this.#listening?.close();
    this.#listening = undefined;
  }

  async #listen(): Promise<void> {
    const events = { accept: (channel: Channel) => this.#accept(channel), trouble: () => undefined };
    try {
      while (this.state === 'opening') {
        this.#listening = await this.#transports.near.listen(this.#address, events);
        this.#address = this.#listening.address;
        if (!this.#machine.attempt('opened')) this.#unlisten();
      }
    } catch (error) {
      if (this.#machine.attempt('failed')) throw error;
    } finally {
      this.#placing = undefined;
    }
  }

  #accept(client: Channel): void {
    const { state } = this;
    if ((state !== 'open' && state !== 'opening') || this.#links.size >= mostLinks) return client.destroy();
    const link = new FaultLink(client, this.#world());
    this.#links.add(link);
  }

  /** What a new link knows of the proxy. */
  #world(): LinkWorld {
    const proxy = this;
    const number = this.#recorder?.nextLink() ?? 0;
    const at = (): number => this.#clock.now() - this.#opened;
    return {
      clock: this.#clock,
      get faults() {
        return proxy.#faults;
      },
      passed: (direction, bytes) => {
        this.#bytes[direction === 'to server' ? 'toServer' : 'toClient'] += bytes.length;
        this.#recorder?.passed(at(), number, direction, bytes);
      },
      happened: event => this.#recorder?.happened(at(), number, event),
      dial: signal => this.#transports.far.dial(this.#to, signal),
      ended: link => void this.#links.delete(link),
    };
  }
}
