// What an application is, and what its handlers are given.
//
//   const chat: QioApp = {
//     name: 'chat',
//     prefix: '/chat',
//     events: {
//       '/say': event({ read: asText, handler: call => call.app.broadcast('/said', call.data) }),
//       '/said': {},
//     },
//   };
//
// What a handler returns is the answer; what it throws, too: a QioRefusal with its own code, anything else as 500, logged.

import type { Cancel, Clock } from '../../base/clock.ts';
import { PeerError, UsageError } from '../../base/errors.ts';
import type { CarrierKind, ClientState } from './session/carrier.ts';

/** A client, as applications see it. Whatever is kept here is gone with the client: another connection is another client. */
export interface QioClient {
  /** A number of this server's own; never used twice. */
  readonly id: number;
  readonly remote: string;
  readonly carrier: CarrierKind;
  readonly state: ClientState;
  /** For applications: what belongs to this client. */
  readonly data: Map<string, unknown>;
  /** How many subscriptions it has, those that are being decided on included. */
  readonly subscriptions: number;
  /** Sends it to another server (`host` or `host:port`), and closes. @throws UsageError INVALID_VALUE */
  move(address: string): void;
  /** Closes, as a server that has nothing against its client. */
  close(): void;
}

/** An event that a client sent, or its answer to a callback of ours. */
export interface Call<D = unknown> {
  readonly client: QioClient;
  /** Of the application whose event it is. */
  readonly app: QioAppContext;
  /** What stands behind the path of the event, with its slash; empty where nothing does. */
  readonly extra: string;
  /** As it came; may be empty. */
  readonly json: string;
  /** The value of `json`, and what `read` made of it; undefined where it is empty. @throws QioRefusal 400 where it is no JSON */
  readonly data: D;
  /** Whether the client asked for an answer; without that, none goes out. */
  readonly wantsAnswer: boolean;
  /** Answers, once; what comes second is left aside. With `answered` the client is asked for a callback in its turn. */
  reply(data?: unknown, answered?: Answered, lost?: Lost): void;
  /** Answers with another code than 200. */
  refuse(code: number, reason?: string | null, data?: unknown): void;
}

/** What a handler returns that has answered itself, or will, or never does. */
export const handled: unique symbol = Symbol('handled');

/** Told what the client answered; its result is the answer to that, as of any handler. */
export type Answered = (answer: Call) => unknown;

/**
 * Told that no answer will come: TimeoutError REQUEST_TIMEOUT (too old), LimitError DROPPED (a fifth was asked for, and
 * this one given up), NetworkError CLOSED.
 */
export type Lost = (reason: Error) => void;

/** A client that wants to subscribe. */
export interface Subscribing {
  readonly client: QioClient;
  readonly app: QioAppContext;
  /** As of a Call. */
  readonly extra: string;
  /** What the client gave beside the path; undefined without. */
  readonly data: unknown;
  /** Calls `run` once it has subscribed, behind the answer that says so. */
  subscribed(run: () => void): void;
}

export interface QioEvent<D = unknown> {
  /** Makes the data of a call of any value; what it throws is a 400 with its words. @default as it came */
  readonly read?: (data: unknown) => D;
  /**
   * Gives the answer, now or as a promise, or `handled`. Many calls of one client may be under way. Without a handler
   * the answer is 500.
   */
  handler?(call: Call<D>): unknown;
  /** Whether a client may subscribe: all but `false` is yes, a promise decides later. @default everybody may */
  on?(who: Subscribing): unknown;
  /** The subscription is over, or did not come about; once for each that `on` was asked about. */
  off?(client: QioClient, extra: string): unknown;
  /** Also takes all paths below its own. @default false */
  readonly handlesChildren?: boolean;
}

/** An application: a plain object. */
export interface QioApp {
  readonly name: string;
  /** Where its events are; no other application is there, above it, or below it. `/qio` is reserved. */
  readonly prefix: string;
  readonly events: Readonly<Record<string, QioEvent>>;
  /** Before the first client is let in; `false`, a throw or a rejection ends the server. */
  start?(app: QioAppContext): unknown;
  /** When the server has stopped accepting; the same ends with an error. */
  stop?(app: QioAppContext): unknown;
}

/** What an application can do. Paths are below its prefix: those of others are out of its reach. */
export interface QioAppContext {
  readonly name: string;
  readonly prefix: string;
  readonly clock: Clock;
  /** Calls `run` each `ms`, until its result is called or the application stops. */
  every(ms: number, run: () => void): Cancel;
  /** To all who have subscribed, here and on servers that share the backplane; nothing where nobody has. */
  broadcast(path: string, data?: unknown): void;
  /** To one client, where it has subscribed; says whether. */
  send(client: QioClient, path: string, data?: unknown, answered?: Answered, lost?: Lost): boolean;
  /** To one client, whether or not it has subscribed. @throws UsageError DUPLICATE_RULE in `/qio` */
  tell(client: QioClient, path: string, data?: unknown, answered?: Answered, lost?: Lost): void;
  /** How many clients of this server have subscribed. */
  subscribers(path: string): number;
  log(severity: 'debug' | 'info' | 'warn' | 'error', text: string, fields?: object): void;
}

/** The same event, with its types looked after. */
export function event<D>(definition: QioEvent<D>): QioEvent {
  return definition as QioEvent;
}

/** An answer with another code than 200: 400 bad data, 401 not allowed, 404, 420 calm down, or one of your own. */
export class QioRefusal extends PeerError {
  readonly status: number;
  readonly reason: string | null;
  readonly data: unknown;

  /** @throws UsageError INVALID_VALUE where `status` is no whole number */
  constructor(status: number, reason: string | null = null, data: unknown = null) {
    super('REQUEST_FAILED', reason ?? `code ${status}`);
    if (!Number.isSafeInteger(status)) throw new UsageError('INVALID_VALUE', `a code is a whole number, not ${status}`);
    this.status = status;
    this.reason = reason;
    this.data = data;
  }
}
