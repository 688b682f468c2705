// What a session finds at its server.

import type { Clock } from '../../../base/clock.ts';
import type { Turns } from '../../../connection/index.ts';
import type { Deadlines } from '../server/pulse.ts';
import type { Session } from '../session.ts';

export interface QioLimits {
  /** Clients at the same time; more are refused. @default 10_000 */
  readonly connections: number;
  /** Longest event, and longest body of a poll, in bytes; a longer one ends its client. @default 1 MiB */
  readonly event: number;
  /** Bytes that a client has not taken yet; a slower one is closed. @default 16 MiB */
  readonly unsent: number;
  /** Handlers of one client whose promises run at the same time; then nothing is read from it. @default 1_000 */
  readonly handlers: number;
  /** Subscriptions of one client; more are answered 420. @default 10_000 */
  readonly perClient: number;
  /** Subscriptions of all clients; more are answered 420. @default 4_194_304 */
  readonly subscriptions: number;
  /** Percentage of them from which on a client gets its share and no more. @default 60 */
  readonly pressure: number;
  /** That share. @default 128 */
  readonly share: number;
}

export const qioLimits: QioLimits = {
  connections: 10_000,
  event: 1024 * 1024,
  unsent: 16 * 1024 * 1024,
  handlers: 1_000,
  perClient: 10_000,
  subscriptions: 4_194_304,
  pressure: 60,
  share: 128,
};

/** All in ms. What is looked at in ticks is up to a tick late. */
export interface QioTimes {
  /** For a handshake, the rest of a message, and between two polls. @default 10_000 */
  readonly client: number;
  /** How often all clients are looked at. @default 10_000 */
  readonly tick: number;
  /** Nothing sent for longer: a heartbeat. @default 51_000 */
  readonly heartbeat: number;
  /** Nothing received for longer: a heartbeat that asks for an answer, at each tick. @default 900_000, 15 minutes */
  readonly challenge: number;
  /** Nothing received for longer: closed. @default 960_000, 16 minutes */
  readonly dead: number;
  /** A poll that is older is answered with nothing. @default 45_000 */
  readonly poll: number;
  /** Callbacks that are older are given up. @default 15_000 */
  readonly callback: number;
}

export const qioTimes: QioTimes = {
  client: 10_000,
  tick: 10_000,
  heartbeat: 51_000,
  challenge: 900_000,
  dead: 960_000,
  poll: 45_000,
  callback: 15_000,
};

/** Counted since the start. */
export interface Counters {
  /** Events that found their path. */
  received: number;
  /** Events of all kinds that went out, callbacks included. */
  sent: number;
  callbacksSent: number;
  callbacksCreated: number;
  callbacksFired: number;
  callbacksEvicted: number;
  callbacksExpired: number;
  /** Broadcasts asked for, and the events that they made. */
  broadcasts: number;
  broadcastEvents: number;
  subscribed: number;
  unsubscribed: number;
  /** Handshakes that succeeded, those that did not, and clients turned away because there were too many. */
  handshakes: number;
  badHandshakes: number;
  refused: number;
  /** Requests that carried events. */
  polls: number;
  /** Clients closed because they did not read; those sent to another server. */
  slow: number;
  moved: number;
}

export function newCounters(): Counters {
  return {
    received: 0,
    sent: 0,
    callbacksSent: 0,
    callbacksCreated: 0,
    callbacksFired: 0,
    callbacksEvicted: 0,
    callbacksExpired: 0,
    broadcasts: 0,
    broadcastEvents: 0,
    subscribed: 0,
    unsubscribed: 0,
    handshakes: 0,
    badHandshakes: 0,
    refused: 0,
    polls: 0,
    slow: 0,
    moved: 0,
  };
}

export interface SessionHost {
  readonly clock: Clock;
  readonly turns: Turns;
  readonly priority: number;
  readonly limits: QioLimits;
  readonly times: QioTimes;
  readonly counters: Counters;
  /** For handshakes and halves of messages. */
  readonly deadlines: Deadlines<Session>;
  /** 0 up to 1. */
  readonly random: () => number;
  /** Does what an event asks for; it does not throw. */
  event(session: Session, text: string): void;
  opened(session: Session): void;
  /** It is closing: its subscriptions are over. May be told again. */
  retired(session: Session): void;
  /** Once, last. */
  gone(session: Session, reason: Error | undefined): void;
}
