// The server of events: takes them, and publishes them to all who have registered.
//
//   idle ─start▶ opening ─listening▶ open ─stop▶ closing ─over▶ closed
//                   │ ▲─again──┐
//                   └─reused▶ standby            (a server runs there already: when it ends, this one takes its place)
//   opening ─failed▶ closed        opening ─stop▶ closing        idle, standby ─stop▶ closed
//
// A running server is known by what it does: a frame that only we know goes in at its emit address and comes out at its reg
// address. So the Python original counts as well. With keys, it must have the keys of this folder too.

import type { Context } from 'zeromq';
import type { Cancel } from '../../base/clock.ts';
import { asError } from '../../base/errors.ts';
import type { StateTable } from '../../base/state-table.ts';
import { StateMachine } from '../../base/state-table.ts';
import type { Owner } from '../../connection/index.ts';
import { OpeningConnection } from '../../connection/parts/opening-connection.ts';
import { formatPlace, isInUse, loadZeroMq } from '../../transport/zeromq/index.ts';
import type { HubAddresses, ServerKind } from './server/hub.ts';
import { Hub } from './server/hub.ts';
import type { EventsServerOptions, EventsServerSettings } from './server/options.ts';
import { settleServer } from './server/options.ts';
import { isRunning } from './server/running.ts';
import { Complaints } from './session/complaints.ts';

export type EventsServerState = 'idle' | 'opening' | 'open' | 'standby' | 'closing' | 'closed';
type EventsServerStep = 'start' | 'listening' | 'reused' | 'again' | 'failed' | 'stop' | 'over';

export const eventsServerTable: StateTable<EventsServerState, EventsServerStep> = {
  idle: { start: 'opening', stop: 'closed' },
  opening: { listening: 'open', reused: 'standby', failed: 'closed', stop: 'closing' },
  standby: { again: 'opening', stop: 'closed' },
  open: { stop: 'closing' },
  closing: { over: 'closed' },
  closed: {},
};

export type EventsServerEvents = {
  /** It listens; with the ports that the system gave. */
  listening: [addresses: EventsAddresses];
  /** Another server was there, and is used. */
  reused: [addresses: EventsAddresses];
  /** Once, last. */
  close: [];
};

export interface EventsAddresses extends HubAddresses {
  /** Whether another server is there, and this one stands by. */
  readonly reused: boolean;
}

/** From one look whether the other server still has the address to the next, in ms. */
const standbyPause = 1_000;

/**
 * `ready` gives where it listens, or where another server was found; it rejects with UsageError MISSING_PACKAGE too, and names
 * the address where it cannot listen.
 */
export class EventsServer extends OpeningConnection<
  EventsServerState,
  EventsServerStep,
  EventsServerEvents,
  EventsAddresses
> {
  readonly #settings: EventsServerSettings;
  readonly #complaints: Complaints<ServerKind>;
  #addresses: EventsAddresses | undefined;
  #hub: Hub | undefined;
  #again: Cancel | undefined;
  #context: Context | undefined;

  /** @throws UsageError INVALID_ADDRESS, INVALID_VALUE, UNKNOWN_OPTION, OUT_OF_RANGE */
  constructor(options: EventsServerOptions = {}) {
    const settings = settleServer(options);
    const { name = formatPlace(settings.emit), priority } = options;
    super('events server', { name, priority }, new StateMachine(eventsServerTable, 'idle'));
    this.#settings = settings;
    this.#complaints = new Complaints(['nameless', 'extra', 'refused', 'stranger', 'failed'], (kind, text, count) => {
      this.log(kind === 'failed' ? 'error' : 'warn', text, { count });
    });
  }

  override destroy(): void {
    this.stop();
    this.#end();
  }

  protected override begin(owner: Owner): void {
    this.machine.step('start');
    this.#open(owner);
  }

  protected override enabledChanged(): void {
    if (this.enabled) this.#hub?.resume();
    else this.#hub?.pause();
  }

  protected override details(): object {
    const { emitAddress, regAddress } = this.#addresses ?? {};
    const curve = this.#settings.curve !== undefined;
    return { emitAddress, regAddress, curve, ...this.#hub?.counts, ...this.#complaints.counts };
  }

  protected override shut(): void {
    this.#again?.();
    this.#hub?.finish(() => this.#end());
  }

  #open(owner: Owner): void {
    this.#attempt(owner).catch((error: unknown) => {
      this.failed(asError(error), { error });
      this.#end();
    });
  }

  async #attempt(owner: Owner): Promise<void> {
    const zmq = await loadZeroMq();
    const { clock } = owner;
    const hub = new Hub({
      clock,
      context: ({ Context }) => {
        this.#context ??= new Context();
        return this.#context;
      },
      complain: (kind, words) => this.#complaints.add(kind, words, clock),
    });
    try {
      const addresses = await hub.open(zmq, this.#settings);
      this.#opened(hub, { ...addresses, reused: false });
    } catch (error) {
      hub.close();
      if (this.state !== 'opening' || !isInUse(error)) throw error;
      // Once it was found, it stays found as long as its address is taken.
      const isKnown = this.#addresses !== undefined;
      if (!isKnown && !(await isRunning(zmq, this.#settings, clock))) throw error;
      this.#reuse(owner);
    }
  }

  #opened(hub: Hub, addresses: EventsAddresses): void {
    if (!this.machine.attempt('listening')) {
      hub.close();
      return this.#end();
    }
    this.#hub = hub;
    this.#addresses = addresses;
    if (!this.enabled) hub.pause();
    this.log('info', `taking events on ${addresses.emitAddress}, publishing on ${addresses.regAddress}`);
    this.opened('listening', addresses);
  }

  /** Another server is there: its place is looked after. */
  #reuse(owner: Owner): void {
    if (!this.machine.attempt('reused')) return this.#end();
    this.#again = owner.clock.after(standbyPause, () => {
      this.machine.step('again');
      this.#open(owner);
    });
    if (this.#addresses !== undefined) return;
    const { emit, reg } = this.#settings;
    this.#addresses = { emitAddress: formatPlace(emit), regAddress: formatPlace(reg), reused: true };
    this.log('info', `a server runs on ${this.#addresses.emitAddress} already, and is used`);
    this.opened('reused', this.#addresses);
  }

  #end(): void {
    if (!this.machine.attempt('over')) return;
    this.#hub?.close();
    this.over();
  }
}
