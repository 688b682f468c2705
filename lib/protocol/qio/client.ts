// A client of event paths, for browsers and for Node. It needs nothing but a WebSocket or fetch, and comes back by itself,
// for ever, until it is closed. Where it is: client/table.ts.
//
//   program ─on, off, one─▶ subscriptions ─/qio/on, /qio/off─▶ ┌──────┐
//           ─send, request────────┬──────────events──────────▶ │ line │ ◀─▶ server      a WebSocket, else polls
//                                 └─▶ queue ──when it opens──▶ └──────┘
//           ◀─listeners, callbacks, /open, /close, /error──────────┘
//
// When a line is lost its callbacks get -1, then /close is told. When one opens, what was refused meanwhile is told, each
// path is subscribed, what waited is sent, and /open is told, in this order.
// What `send`, `request`, `on` and `one` refuse is told a turn later: they call nothing of the program's.

import { readAddress } from './client/address.ts';
import { Callbacks } from './client/callbacks.ts';
import { Connections } from './client/connections.ts';
import type { Line } from './client/line.ts';
import type { QioClientOptions, QioClientSettings } from './client/options.ts';
import { settle } from './client/options.ts';
import { EventQueue } from './client/queue.ts';
import type { Subscription } from './client/subscriptions.ts';
import { Subscriptions } from './client/subscriptions.ts';
import type { QioClientState } from './client/table.ts';
import { Teller } from './client/teller.ts';
import type {
  Callback,
  Listener,
  OwnEvents,
  Reply,
  RequestMap,
  Sent,
  Subscribing,
  Untyped,
  UntypedRequests,
} from './client/types.ts';
import { QioError } from './client/types.ts';
import type { CallbackId } from './wire.ts';
import { callbackPath, cleanPath, codes, paths, readEnvelope, readEvent, readId, writeEvent } from './wire.ts';

export type { QioClientLimits, QioClientOptions, QioClientPause } from './client/options.ts';
export type { FetchLike } from './client/polling.ts';
export type { QioClientState, QioClientStep } from './client/table.ts';
export { qioClientTable } from './client/table.ts';
export type * from './client/types.ts';
export type { SocketConstructor, SocketLike } from './client/websocket.ts';
export { QioError };

/** Paths whose listeners the server does not hear of. */
const own = new Set<string>(['/open', '/close', '/error', paths.move]);
const callbackPrefix = `${paths.callback}/`;
const full = 'a limit of this client is reached';

/**
 * `Events` names the data of each path that is listened to, `Requests` what is sent to each path and what is answered:
 * `QioClient<{ '/chat/line': Line }, { '/chat/say': [string, null] }>`. Without them every path is good, and data are
 * unknown.
 */
export class QioClient<Events extends object = Untyped, Requests extends RequestMap<Requests> = UntypedRequests> {
  readonly #settings: QioClientSettings;
  readonly #connections: Connections;
  readonly #teller: Teller;
  readonly #subscriptions: Subscriptions;
  readonly #queue: EventQueue;
  #callbacks = new Callbacks(1);

  /**
   * Connects, and goes on. `address` as `ws://host:port/path`; a browser needs none where the page's server is meant.
   * @throws UsageError INVALID_ADDRESS, UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_VALUE
   */
  constructor(address?: string, options: QioClientOptions = {}) {
    this.#settings = settle(options);
    this.#queue = new EventQueue(this.#settings.limits.count, this.#settings.limits.bytes);
    this.#teller = new Teller(this.#settings.clock, error => this.#subscriptions.tell('/error', error));
    this.#subscriptions = new Subscriptions(this.#teller);
    this.#connections = new Connections(readAddress(address), this.#settings, {
      opening: () => this.#teller.tellUntold(),
      opened: (line, at) => this.#opened(line, at),
      event: text => this.#event(text),
      failed: reason => this.#teller.report(codes.disconnected, reason),
      gone: (was, reason) => this.#gone(was, reason),
      mayMove: place => this.#mayMove(place),
    });
  }

  get state(): QioClientState {
    return this.#connections.state;
  }

  /** Events that wait for a connection. */
  get queued(): number {
    return this.#queue.length;
  }

  /** Listens to a path, and subscribes to it, now and on each connection to come, until `off`. */
  on<P extends keyof OwnEvents>(path: P, listener: Listener<OwnEvents[P]>): this;
  on<P extends keyof Events & string>(path: P, listener: Listener<Events[P]>, options?: Subscribing): this;
  on(path: string, listener: Listener<never>, options: Subscribing = {}): this {
    return this.#listen(path, listener, options, false);
  }

  /** As `on`, for the first event alone. */
  one<P extends keyof OwnEvents>(path: P, listener: Listener<OwnEvents[P]>): this;
  one<P extends keyof Events & string>(path: P, listener: Listener<Events[P]>, options?: Subscribing): this;
  one(path: string, listener: Listener<never>, options: Subscribing = {}): this {
    return this.#listen(path, listener, options, true);
  }

  /** Takes away one listener, or all of a path; the last one unsubscribes. */
  off(path: (keyof OwnEvents | keyof Events) & string, listener?: Listener<never>): this {
    const name = nameOf(path);
    if (this.#subscriptions.remove(name, listener)) this.#unsubscribe(name);
    return this;
  }

  /**
   * Sends an event. `data` is made JSON at once. Without a connection it waits, unless it has a callback: that gets -1.
   * What cannot be sent is `refused`, and told to the callback, or to `/error`.
   */
  send<P extends keyof Requests & string>(path: P, data?: Requests[P][0], callback?: Callback<Requests[P][1]>): Sent {
    return this.#say(nameOf(path), data, callback as Callback | undefined);
  }

  /**
   * Sends an event and resolves with the answer. Rejects with a QioError, which has `code` and `err_msg`; or with the
   * reason of `signal`, and the answer is left aside then.
   */
  request<P extends keyof Requests & string>(
    path: P,
    data?: Requests[P][0],
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Requests[P][1]> {
    return new Promise((resolve, reject) => {
      const gaveUp = (): void => reject(signal?.reason);
      if (signal?.aborted === true) return gaveUp();
      signal?.addEventListener('abort', gaveUp, { once: true });
      this.send(path, data, (answer, _reply, code, errMsg) => {
        signal?.removeEventListener('abort', gaveUp);
        if (code === codes.ok) resolve(answer as Requests[P][1]);
        else reject(new QioError(code, errMsg, path, { data: answer }));
      });
    });
  }

  /** Ends the connection, and makes no other one until `reconnect`. What waits goes on waiting. */
  close(): void {
    this.#connections.close();
  }

  /** Connects anew, at once: from a pause, from a connection that is there, or after `close`. */
  reconnect(): void {
    this.#connections.reconnect();
  }

  // ---- what the program says

  #listen(path: string, listener: Listener<never>, { data, ...told }: Subscribing, once: boolean): this {
    const name = nameOf(path);
    const json = jsonOf(data);
    if (json instanceof Error) {
      this.#refuse(
        name,
        told.error && ((_data, _reply, code, errMsg) => told.error?.(code, errMsg)),
        codes.badData,
        json.message,
      );
      return this;
    }
    const made = this.#subscriptions.add(name, json, { ...told, listener, once });
    if (made !== undefined) this.#subscribe(made);
    return this;
  }

  #subscribe(asked: Subscription): void {
    const { line } = this.#connections;
    const { path, data } = asked;
    if (line === undefined || own.has(path)) return;
    const id = this.#callbacks.add((_data, _reply, code, errMsg) => this.#subscriptions.answered(asked, code, errMsg));
    line.send(writeEvent(paths.on, id, data === '' ? `"${path}"` : `["${path}",${data}]`));
  }

  #unsubscribe(path: string): void {
    if (!own.has(path)) this.#connections.line?.send(writeEvent(paths.off, 0, `"${path}"`));
  }

  #say(path: string, data: unknown, callback: Callback | undefined): Sent {
    const json = jsonOf(data);
    if (json instanceof Error) return this.#refuse(path, callback, codes.badData, json.message);
    const { line } = this.#connections;
    if (line === undefined) {
      if (callback !== undefined) return this.#refuse(path, callback, codes.disconnected, 'disconnected');
      return this.#queue.add(writeEvent(path, 0, json)) ? 'queued' : this.#refuse(path, callback, codes.calmDown, full);
    }
    const { unsent, callbacks } = this.#settings.limits;
    const owed = callback === undefined ? 0 : this.#callbacks.size + 1;
    if (line.unsent + json.length > unsent || owed > callbacks) {
      return this.#refuse(path, callback, codes.calmDown, full);
    }
    line.send(writeEvent(path, callback === undefined ? 0 : this.#callbacks.add(callback), json));
    return 'sent';
  }

  #refuse(path: string, callback: Callback | undefined, code: number, errMsg: string): 'refused' {
    this.#teller.later(() => {
      if (callback === undefined) this.#teller.report(code, errMsg, path);
      else this.#teller.run(path, () => callback(null, undefined, code, errMsg));
    });
    return 'refused';
  }

  #replyTo(id: CallbackId): Reply | undefined {
    if (id === 0) return undefined;
    const { line } = this.#connections;
    const path = callbackPath(id);
    return (data, callback) => {
      if (line !== undefined && line === this.#connections.line) return this.#say(path, data, callback);
      return this.#refuse(path, callback, codes.disconnected, 'disconnected');
    };
  }

  // ---- what the server says

  #opened(line: Line, address: string): void {
    this.#callbacks = new Callbacks(line.firstId);
    for (const subscription of this.#subscriptions.all) this.#subscribe(subscription);
    for (const text of this.#queue.take()) line.send(text);
    this.#subscriptions.tell('/open', { transport: line.transport, address });
  }

  #gone(was: QioClientState, reason: string): void {
    for (const callback of this.#callbacks.takeAll()) {
      this.#teller.run(paths.callback, () => callback(null, undefined, codes.disconnected, 'disconnected'));
    }
    if (was === 'open') this.#subscriptions.tell('/close', { reason });
  }

  #event(text: string): void {
    const event = readEvent(text);
    if (event === undefined) return this.#unreadable(text);
    const { path, id, json } = event;
    if (path.startsWith(callbackPrefix)) return this.#answer(path, id, json);
    if (path === paths.heartbeat) {
      if (id !== 0) this.#connections.line?.send(writeEvent(callbackPath(id), 0, ''));
      return;
    }
    const listened = this.#subscriptions.has(path) && !own.has(path);
    if (!listened && path !== paths.move) return;
    let data: unknown;
    try {
      data = JSON.parse(json === '' ? 'null' : json);
    } catch {
      return this.#unreadable(text);
    }
    if (path === paths.move) this.#move(data);
    else if (this.#subscriptions.tell(path, data, this.#replyTo(id))) this.#unsubscribe(path);
  }

  #answer(path: string, id: CallbackId, json: string): void {
    const envelope = readEnvelope(json);
    if (envelope === undefined) return this.#unreadable(path);
    const callback = this.#callbacks.take(readId(path.slice(callbackPrefix.length)) ?? 0);
    const { data, code, reason } = envelope;
    if (callback !== undefined) this.#teller.run(path, () => callback(data, this.#replyTo(id), code, reason));
  }

  #unreadable(text: string): void {
    const reason = `the server sent no event: ${text.slice(0, 80)}`;
    this.#teller.report(codes.badData, reason);
    this.#connections.lose(reason);
  }

  #move(address: unknown): void {
    this.#subscriptions.tell(paths.move, String(address));
    if (!this.#connections.move(address))
      this.#teller.report(codes.refused, `not moved to ${String(address)}`, paths.move);
  }

  #mayMove(address: string): boolean {
    let allowed = false;
    this.#teller.run(paths.move, () => {
      allowed = this.#settings.mayMove(address);
    });
    return allowed;
  }
}

/** Paths are the same with and without a first slash. */
function nameOf(path: string): string {
  const clean = cleanPath(path);
  return clean.startsWith('/') ? clean : `/${clean}`;
}

/** Data as JSON, empty where there are none; an error where they are none that JSON could hold. */
function jsonOf(data: unknown): string | Error {
  try {
    return (JSON.stringify(data) as string | undefined) ?? '';
  } catch (error) {
    return error as Error;
  }
}
