// What a link is given: its limits, and the role whose link it is.

import type { Clock } from '../../base/clock.ts';
import type { Given } from '../../base/options.ts';
import { inRange, withDefaults } from '../../base/options.ts';
import type { Allow, Correspondent, Dispatcher } from '../../dispatcher/index.ts';
import type { Message } from '../../message/index.ts';
import type { HeartbeatLimits } from '../../session/index.ts';
import type { Turns } from '../connection.ts';

/** Unsent bytes at which the other side counts as too slow, unless told otherwise: 16 MiB. */
export const unsentLimit: number = 16 * 1024 * 1024;

/** Limits of each link, whoever opened it. */
export interface LinkLimits {
  /** Longest line in bytes; a longer one closes the link. @default 1 MiB */
  readonly line: number;
  /** Unsent bytes on the link; more closes it. @default 16 MiB */
  readonly unsent: number;
  /** Silence on a link with a session, in ms, after which ALIVE goes out. @default 5_000 */
  readonly ask: number;
  /** Silence on a link with a session, in ms, after which it is dropped; 0: never. @default 15_000 */
  readonly dead: number;
}

/** Limits for which 0 has a meaning: none at all. */
const mayBeNone: ReadonlySet<string> = new Set(['sessions', 'dead']);

/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE */
export function settledLimits<L extends LinkLimits>(defaults: L, given: Given<L> | undefined): L {
  const limits = withDefaults('limits', defaults, given);
  for (const [name, value] of Object.entries(limits)) {
    inRange(`limit ${name}`, value, mayBeNone.has(name) ? 0 : 1, Number.MAX_SAFE_INTEGER);
  }
  checkedHeartbeat(limits);
  return limits;
}

/** @throws UsageError OUT_OF_RANGE */
export function checkedHeartbeat({ ask, dead }: HeartbeatLimits): HeartbeatLimits {
  if (dead !== 0) inRange('limit ask', ask, 1, dead - 1);
  return { ask, dead };
}

export interface LinkSettings {
  readonly dispatcher: Dispatcher;
  /** Who may send what; of clients undefined: they have chosen whom they dial. */
  readonly allow?: Allow | undefined;
  /** Handlers whose promises may run at the same time. */
  readonly concurrency: number;
  /** Longest line in bytes. */
  readonly longestLine: number;
  /** Unsent bytes at which the other side counts as too slow. */
  readonly unsentLimit: number;
  readonly drainTime: number;
  readonly clock: Clock;
  readonly turns: Turns;
}

/** What `arrive` gives for a message that stands outside of a session's count: it is handled as any other. */
export const outside = 0;
/** What `arrive` gives for a message that was the session's own, or came before: it is not handled. */
export const consumed = -1;

/** The session of a link, as far as the link needs it. Messages of a session have numbers from 1. */
export interface LinkSession {
  /** The count that numbers belong to at present; a lost session begins a new one. */
  readonly stream: object;
  /** Says what was wrong with a message, in the session where what goes out is counted. */
  complain(message: Message<unknown>): void;
  /** The message goes to its handler now. */
  take(number: number): void;
  /** Its handler has ended. */
  done(number: number, stream: object): void;
  /** Its handler would not take it: its sender is told so when it is done. */
  refuse(number: number, stream: object): void;
  /** A line that could not be read is done with, and has taken a number all the same. */
  unreadable(): void;
  /** Bytes came in. */
  heard(): void;
  /** Whether it is a request that was asked before, and is answered without the handler. */
  repeats(message: Message): boolean;
}

/** Whose link it is. */
export interface LinkRole extends Correspondent {
  readonly priority: number;
  readonly enabled: boolean;
  /** Requests and deliveries that wait for an answer. */
  readonly awaiting: number;
  /** Whether nothing that was sent waits for its turn, its confirmation or its answer: the link may close. */
  readonly settled: boolean;
  readonly session: LinkSession | undefined;
  /** A message came: gives its number in the session, `outside` or `consumed`. @throws PeerError */
  arrive(message: Message): number;
  /** Without a session, as `LinkSession.repeats`; of a role that remembers what was asked. */
  repeats?(message: Message): boolean;
  /** Takes a message that answers a request. */
  answered(message: Message): boolean;
  /** The link is about to close in good order: the last chance to send. */
  lastWord(): void;
  /** The backlog is gone. */
  linkDrained(): void;
  /** Once, last. */
  linkClosed(reason: Error | undefined): void;
}
