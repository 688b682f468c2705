// One line after another: WebSocket first, polls where that fails, a pause where both do, and so for ever. The states are
// in table.ts. Each state has one timer: the pause, the longest handshake, or the look for silence.
//
// A server may send its clients to another one. Where that cannot be reached the first address is tried, and so in turns.

import type { Cancel } from '../../../base/clock.ts';
import { reasonOf } from '../../../base/errors.ts';
import { StateMachine } from '../../../base/state-table.ts';
import { atHost, withScheme } from './address.ts';
import type { Line, LineHost } from './line.ts';
import type { QioClientSettings } from './options.ts';
import { PollingLine } from './polling.ts';
import type { QioClientState } from './table.ts';
import { qioClientTable } from './table.ts';
import { WebSocketLine } from './websocket.ts';

/** A server that moves a client on sooner than this, in ms, is followed after a pause: two may send it to and fro. */
const soon = 1_000;

export interface ConnectionsHost {
  /** A line is there; it opens when this has returned, unless it was given up meanwhile. */
  opening(): void;
  opened(line: Line, address: string): void;
  event(text: string): void;
  /** An attempt failed. */
  failed(reason: string): void;
  /** A line, or an attempt, was given up. */
  gone(was: QioClientState, reason: string): void;
  /** Whether to go where the server says. */
  mayMove(address: string): boolean;
}

export class Connections {
  readonly #settings: QioClientSettings;
  readonly #host: ConnectionsHost;
  readonly #machine = new StateMachine(qioClientTable, 'waiting');
  readonly #home: URL;
  /** Where to try, and where to try after that. They change places when an attempt fails. */
  #places: readonly [now: URL, next: URL];
  #line: Line | undefined;
  #failures = 0;
  #heardAt = 0;
  #openedAt = 0;
  #timer: Cancel = () => undefined;

  constructor(home: URL, settings: QioClientSettings, host: ConnectionsHost) {
    this.#home = home;
    this.#places = [home, home];
    this.#settings = settings;
    this.#host = host;
    this.#wait(0);
  }

  get state(): QioClientState {
    return this.#machine.state;
  }

  /** The line, where it is open. */
  get line(): Line | undefined {
    return this.state === 'open' ? this.#line : undefined;
  }

  close(): void {
    const was = this.state;
    if (!this.#machine.attempt('close')) return;
    this.#timer();
    this.#leave(was, 'closed by the program');
  }

  reconnect(): void {
    this.#failures = 0;
    if (this.#machine.attempt('reconnect') || this.state === 'waiting') this.#wait(0);
    else this.#drop('reconnecting', 0);
  }

  /** Gives up the line that is open, as if it had ended. */
  lose(reason: string): void {
    if (this.state === 'open') this.#drop(reason, this.#pause());
  }

  /** Goes where the server says, `host[:port]`; says whether it does. */
  move(address: unknown): boolean {
    const place = this.#allowed(address);
    if (place === undefined || this.state !== 'open') return false;
    this.#places = [place, this.#home];
    const early = this.#settings.clock.now() - this.#openedAt < soon;
    this.#drop(`moved to ${place.host}`, early ? this.#pause() : 0);
    return true;
  }

  #allowed(address: unknown): URL | undefined {
    const place = atHost(this.#places[0], address);
    return place !== undefined && this.#host.mayMove(place.host) ? place : undefined;
  }

  // ---- attempts

  #dial(): void {
    const { transports, webSocket } = this.#settings;
    if (webSocket === undefined || !transports.includes('websocket')) return this.#poll();
    this.#machine.step('websocket');
    const url = withScheme(this.#places[0], 'ws');
    this.#begin(host => new WebSocketLine(url, webSocket, host));
  }

  #poll(): void {
    this.#machine.step('polling');
    const url = withScheme(this.#places[0], 'http');
    this.#begin(host => new PollingLine(url, this.#settings, host));
  }

  #begin(make: (host: LineHost) => Line): void {
    const { handshake } = this.#settings.limits;
    const present = (run: () => void): void => {
      if (this.#line === line) run();
    };
    const line: Line = make({
      opened: () => present(() => this.#opened(line)),
      heard: () => {
        this.#heardAt = this.#settings.clock.now();
      },
      event: text => present(() => this.#host.event(text)),
      lost: reason => present(() => this.#lost(reason)),
      follow: name => {
        const place = name === null ? undefined : this.#allowed(name);
        return place && withScheme(place, 'http');
      },
    });
    this.#line = line;
    this.#arm(handshake, () => this.#lost(`no connection within ${handshake} ms`));
    try {
      line.start();
    } catch (error) {
      this.#lost(reasonOf(error));
    }
  }

  #opened(line: Line): void {
    this.#host.opening();
    if (this.#line !== line) return;
    this.#machine.step('open');
    this.#failures = 0;
    this.#openedAt = this.#settings.clock.now();
    this.#heardAt = this.#openedAt;
    this.#watch();
    this.#host.opened(line, this.#places[0].host);
  }

  #watch(): void {
    const { clock, limits } = this.#settings;
    const left = this.#heardAt + limits.silence - clock.now();
    if (left > 0) this.#arm(left, () => this.#watch());
    else this.lose(`nothing heard for ${limits.silence} ms`);
  }

  // ---- their ends

  #lost(reason: string): void {
    if (this.state === 'open') return this.lose(reason);
    this.#host.failed(reason);
    if (this.state === 'trying-websocket' && this.#mayPoll()) {
      this.#line?.close();
      return this.#poll();
    }
    if (!this.#machine.can('lose')) return;
    this.#places = [this.#places[1], this.#places[0]];
    this.#drop(reason, this.#pause());
  }

  /** Where there is no network at all, polls do not go through either. Only browsers know. */
  #mayPoll(): boolean {
    const { navigator } = globalThis as { navigator?: { onLine?: boolean } };
    return this.#settings.transports.includes('polling') && navigator?.onLine !== false;
  }

  #drop(reason: string, pause: number): void {
    const was = this.state;
    this.#machine.step('lose');
    this.#wait(pause);
    this.#leave(was, reason);
  }

  #leave(was: QioClientState, reason: string): void {
    const line = this.#line;
    this.#line = undefined;
    line?.close();
    this.#host.gone(was, reason);
  }

  // ---- time

  /** As base/backoff.ts has it, which has more than a page should load. */
  #pause(): number {
    const { pause, random } = this.#settings;
    const longest = Math.min(pause.most, pause.first * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return longest * (1 - pause.jitter * random());
  }

  #wait(ms: number): void {
    this.#arm(ms, () => this.#dial());
  }

  #arm(ms: number, run: () => void): void {
    this.#timer();
    this.#timer = this.#settings.clock.after(ms, run);
  }
}
