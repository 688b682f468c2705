// The applications of a server, each in its compartment, and the way of an event to its handler.

import type { Cancel, Clock } from '../../../base/clock.ts';
import { reasonOf, UsageError } from '../../../base/errors.ts';
import { guarded } from '../../../base/guard.ts';
import { Router } from '../definitions/router.ts';
import type { Answered, Lost, QioApp, QioAppContext, QioClient } from '../definitions.ts';
import type { Counters, QioLimits } from '../session/host.ts';
import { Session } from '../session.ts';
import { cleanPath, closes, codes, paths, readEvent } from '../wire.ts';
import { builtins } from './builtins.ts';
import { asking, EventCall, toJson } from './calls.ts';
import { every } from './pulse.ts';
import { SubscriptionDesk } from './subscribing.ts';
import { Broadcasts, Place } from './topics.ts';

/** The server, as far as its applications need it. */
export interface AppsHost {
  readonly clock: Clock;
  readonly limits: QioLimits;
  readonly counters: Counters;
  /** What `/qio/hostname` says; null where nothing is set. */
  readonly hostname: () => string | null;
  /** Tells the servers that share what is broadcast. */
  publish(path: string, json: string): void;
  log(severity: 'debug' | 'info' | 'warn' | 'error', text: string, fields?: object): void;
}

/** What was said in vain is logged at most once in so many ms. */
const vainLogPause = 1_000;

export class Apps {
  readonly desk: SubscriptionDesk;
  readonly router = new Router<Place>();
  readonly broadcasts: Broadcasts;
  readonly host: AppsHost;
  readonly #compartments: Compartment[] = [];
  /** Whatever is said where nobody listens. */
  readonly #nowhere: Compartment;

  constructor(host: AppsHost) {
    this.host = host;
    this.broadcasts = new Broadcasts(host.counters);
    this.desk = new SubscriptionDesk(host.limits, host.counters, this.broadcasts);
    this.#nowhere = new Compartment(builtins(this), paths.reserved, this);
    this.#register(this.#nowhere);
  }

  /** @throws UsageError INVALID_VALUE, DUPLICATE_RULE */
  mount(app: QioApp): Compartment {
    check(app);
    const prefix = cleanPath(`/${app.prefix}`);
    for (const { name, prefix: other, app: known } of [this.#nowhere, ...this.#compartments]) {
      if (known === app || name === app.name)
        throw new UsageError('DUPLICATE_RULE', `"${app.name}" is mounted already`);
      if (isWithin(prefix, other) || (isWithin(other, prefix) && prefix !== '')) throw taken(app.name, prefix, name);
      if (prefix === '' && other !== paths.reserved) throw taken(app.name, '/', name);
    }
    const compartment = new Compartment(app, prefix, this);
    this.#register(compartment);
    this.#compartments.push(compartment);
    return compartment;
  }

  /** Undoes `mount`, of an application that did not start. */
  unmount(compartment: Compartment): void {
    this.#compartments.splice(this.#compartments.indexOf(compartment), 1);
    for (const place of compartment.places) this.router.remove(place);
  }

  /** In their order, one after the other. @throws Error the first failure */
  async start(): Promise<void> {
    for (const compartment of [...this.#compartments]) {
      // The server may have been stopped meanwhile.
      if (this.#compartments.includes(compartment)) await compartment.start();
    }
  }

  /** All of them, the last first. @throws Error the first failure, after all have been stopped */
  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (const compartment of this.#compartments.splice(0).reverse()) {
      await compartment.stop().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  /** An event of a client. */
  event(session: Session, text: string): void {
    const said = readEvent(text);
    if (said === undefined) return session.close(closes.badEvent);
    const { id, json } = said;
    const found = this.router.find(cleanPath(said.path));
    if (found === undefined) return session.answer(id, codes.unknown, '', null);
    const { event: place, extra } = found;
    this.host.counters.received += 1;
    const call = new EventCall(session, place.app, { extra, id, json, read: place.event.read });
    const { event } = place;
    if (event.handler === undefined) call.refuse(codes.failed);
    else call.run(() => event.handler?.(call));
  }

  /** To all here who have subscribed; `path` is clean. */
  say(path: string, json: string): void {
    const found = this.router.find(path);
    const topic = found?.event.topics.get(found.extra);
    this.host.counters.broadcasts += 1;
    if (topic !== undefined) this.broadcasts.say(topic, json);
  }

  #register(compartment: Compartment): void {
    for (const place of compartment.places) {
      if (this.router.add(place)) continue;
      this.#withdraw(compartment, place);
      throw new UsageError('DUPLICATE_RULE', `"${place.path}" of ${compartment.name} is empty, or there twice`);
    }
  }

  #withdraw({ places }: Compartment, until: Place): void {
    for (const place of places) {
      if (place === until) return;
      this.router.remove(place);
    }
  }
}

export class Compartment implements QioAppContext {
  readonly name: string;
  readonly prefix: string;
  readonly app: QioApp;
  readonly places: readonly Place[];
  readonly #apps: Apps;
  readonly #timers = new Set<Cancel>();
  #started: Promise<unknown> | undefined;
  #vainAt = Number.NEGATIVE_INFINITY;

  /** @throws UsageError INVALID_VALUE */
  constructor(app: QioApp, prefix: string, apps: Apps) {
    this.name = app.name;
    this.prefix = prefix;
    this.app = app;
    this.#apps = apps;
    this.places = Object.entries(app.events).map(([path, event]) => new Place(this.#full(path), event, this));
    const reserved = this.places.find(({ path }) => isWithin(path, paths.reserved));
    if (prefix !== paths.reserved && reserved !== undefined) throw taken(app.name, reserved.path, 'qio');
  }

  get clock(): Clock {
    return this.#apps.host.clock;
  }

  every(ms: number, run: () => void): Cancel {
    const failed = (error: unknown): void => this.failed('every', error);
    const cancel = every(this.clock, ms, () => guarded(run, failed));
    this.#timers.add(cancel);
    return () => {
      this.#timers.delete(cancel);
      cancel();
    };
  }

  broadcast(path: string, data?: unknown): void {
    const full = this.#full(path);
    const json = toJson(data);
    if (!this.#owns(full)) return this.#inVain(full);
    this.#apps.say(full, json);
    this.#apps.host.publish(full, json);
  }

  send(client: QioClient, path: string, data?: unknown, answered?: Answered, lost?: Lost): boolean {
    const full = this.#full(path);
    const json = toJson(data);
    const found = this.#found(full);
    const topic = found?.event.topics.get(found.extra);
    if (found === undefined) this.#inVain(full);
    if (topic === undefined || !topic.members.has(sessionOf(client))) return false;
    this.#post(client, topic.path, json, answered, lost);
    return true;
  }

  tell(client: QioClient, path: string, data?: unknown, answered?: Answered, lost?: Lost): void {
    const full = this.#full(path);
    if (isWithin(full, paths.reserved)) throw taken(this.name, full, 'qio');
    this.#post(client, full, toJson(data), answered, lost);
  }

  subscribers(path: string): number {
    const found = this.#found(this.#full(path));
    return found?.event.topics.get(found.extra)?.members.size ?? 0;
  }

  log(severity: 'debug' | 'info' | 'warn' | 'error', text: string, fields: object = {}): void {
    this.#apps.host.log(severity, text, { app: this.name, ...fields });
  }

  // ---- for the server

  /** @throws Error where it cannot start */
  async start(): Promise<void> {
    this.#started = (async () => this.app.start?.(this))();
    if ((await this.#started) === false) throw new UsageError('INVALID_VALUE', `"${this.name}" does not start`);
  }

  /** @throws Error where it cannot stop */
  async stop(): Promise<void> {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    // What did not start has nothing to stop.
    const started = await (this.#started ?? Promise.resolve(false)).catch(() => false);
    if (started === false) return;
    if ((await this.app.stop?.(this)) === false) {
      throw new UsageError('INVALID_VALUE', `"${this.name}" does not stop`);
    }
  }

  /** A function of the application failed where nobody waits for its result. */
  failed(what: string, error: unknown): void {
    this.log('error', `"${what}" failed: ${reasonOf(error)}`, { error });
  }

  #post(client: QioClient, path: string, json: string, answered?: Answered, lost?: Lost): void {
    const session = sessionOf(client);
    session.post(path, json, answered === undefined ? undefined : asking(session, this, answered), lost);
  }

  #full(path: string): string {
    return cleanPath(`/${this.prefix}/${path}`);
  }

  #found(full: string): ReturnType<Router<Place>['find']> {
    const found = this.#apps.router.find(full);
    return found?.event.app === this ? found : undefined;
  }

  #owns(full: string): boolean {
    return this.#found(full) !== undefined;
  }

  #inVain(full: string): void {
    const now = this.clock.now();
    if (now - this.#vainAt < vainLogPause) return;
    this.#vainAt = now;
    this.log('warn', `nobody can subscribe to "${full}": what is said there is for nobody`);
  }
}

/** @throws UsageError INVALID_VALUE */
function check(app: unknown): void {
  const { name, prefix, events } = (app ?? {}) as { readonly [part: string]: unknown };
  const isApp = typeof name === 'string' && name !== '' && typeof prefix === 'string';
  if (isApp && typeof events === 'object' && events !== null) return;
  throw new UsageError('INVALID_VALUE', 'an application is an object with a name, a prefix and events');
}

/** Whether a path is another one, or below it. */
function isWithin(path: string, above: string): boolean {
  return path === above || path.startsWith(`${above}/`);
}

function taken(name: string, path: string, by: string): UsageError {
  return new UsageError('DUPLICATE_RULE', `"${name}" cannot be at "${path}": that is of "${by}"`);
}

/** @throws UsageError INVALID_VALUE */
function sessionOf(client: QioClient): Session {
  if (client instanceof Session) return client;
  throw new UsageError('INVALID_VALUE', 'this is no client of a server');
}
