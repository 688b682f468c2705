// What a client can be told.

import type { Clock } from '../../../base/clock.ts';
import { UsageError } from '../../../base/errors.ts';
import type { Given } from '../../../base/options.ts';
import { inRange, withDefaults } from '../../../base/options.ts';
import type { FetchLike } from './polling.ts';
import type { SocketConstructor } from './websocket.ts';

export interface QioClientLimits {
  /** Events that wait for a connection. @default 1_000 */
  readonly count: number;
  /** Their bytes. @default 1 MiB */
  readonly bytes: number;
  /** What a connection may have taken and not sent, in bytes; more is refused. @default 16 MiB */
  readonly unsent: number;
  /** Callbacks that the server owes; more are refused. @default 10_000 */
  readonly callbacks: number;
  /** Longest time until a WebSocket, or a session of polls, is there, in ms. @default 10_000 */
  readonly handshake: number;
  /** Silence after which a connection is taken for dead, in ms. Servers say something each 60 s. @default 65_000 */
  readonly silence: number;
  /** Longest time until a poll is answered, in ms. Servers answer within 55 s. @default 60_000 */
  readonly request: number;
  /** Longest pause between an answer and the next poll, in ms; it is random from 0 up to this. @default 2_000 */
  readonly poll: number;
}

export interface QioClientPause {
  /** Longest pause after the first failure, in ms; each is twice the one before. @default 200 */
  readonly first: number;
  /** Longest pause of all, in ms. @default 25_600 */
  readonly most: number;
  /** The share of each pause that is random, 0 to 1. @default 1 */
  readonly jitter: number;
}

/** What is needed of a clock. */
export type Timing = Pick<Clock, 'now' | 'after'>;

interface Basics {
  /** What makes WebSockets. @default the global one; without one, polling alone */
  readonly webSocket: SocketConstructor | undefined;
  /** @default the global one */
  readonly fetch: FetchLike;
  /** @default the system's */
  readonly clock: Timing;
  /** 0 up to 1, for pauses; never for what must not be guessed. @default Math.random */
  readonly random: () => number;
  /** What may be used, in this order always: WebSocket first. @default both */
  readonly transports: readonly ('websocket' | 'polling')[];
  /** Whether to follow the server to `host[:port]`, which it names in a move or as its name. @default always */
  readonly mayMove: (address: string) => boolean;
}

export type QioClientOptions = Given<Basics> & {
  readonly limits?: Given<QioClientLimits> | undefined;
  /** Pauses between attempts. */
  readonly pause?: Given<QioClientPause> | undefined;
};

export interface QioClientSettings extends Basics {
  readonly limits: QioClientLimits;
  readonly pause: QioClientPause;
}

const limits: QioClientLimits = {
  count: 1_000,
  bytes: 1024 * 1024,
  unsent: 16 * 1024 * 1024,
  callbacks: 10_000,
  handshake: 10_000,
  silence: 65_000,
  request: 60_000,
  poll: 2_000,
};
const pause: QioClientPause = { first: 200, most: 25_600, jitter: 1 };
/** The longest that a timer waits. */
const most = 2 ** 31 - 1;

/** The system's clock of base/clock.ts can wait for longer than that, and has more than a page should load. */
const pageClock: Timing = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_VALUE */
export function settle(options: QioClientOptions): QioClientSettings {
  const defaults: QioClientSettings = {
    webSocket: (globalThis as { WebSocket?: SocketConstructor }).WebSocket,
    fetch: (url, request) => globalThis.fetch(url, request),
    clock: pageClock,
    random: Math.random,
    transports: ['websocket', 'polling'],
    mayMove: () => true,
    limits,
    pause,
  };
  const found = {
    ...withDefaults('client', defaults, { ...options, limits: undefined, pause: undefined }),
    limits: withDefaults('limits', limits, options.limits),
    pause: withDefaults('pause', pause, options.pause),
  };
  for (const [name, value] of Object.entries({ ...found.limits, ...found.pause })) {
    inRange(name, value, 0, name === 'jitter' ? 1 : most);
  }
  if (found.transports.some(one => one === 'polling' || (one === 'websocket' && found.webSocket !== undefined))) {
    return found;
  }
  throw new UsageError('INVALID_VALUE', 'there is no WebSocket here: give option webSocket, or allow polling');
}
