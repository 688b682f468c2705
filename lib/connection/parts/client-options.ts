// What a client can be told, and what becomes of it.

import type { Pause } from '../../base/backoff.ts';
import { pauseDefaults } from '../../base/backoff.ts';
import { systemClock } from '../../base/clock.ts';
import { UsageError } from '../../base/errors.ts';
import type { Given } from '../../base/options.ts';
import { inRange, wholeInRange, withDefaults } from '../../base/options.ts';
import type { FullPolicy, QueueLimits } from '../../base/queue.ts';
import { queueDefaults } from '../../base/queue.ts';
import type { Correspondent } from '../../dispatcher/index.ts';
import { Dispatcher } from '../../dispatcher/index.ts';
import { longestLine } from '../../framing/index.ts';
import type { HeartbeatLimits } from '../../session/index.ts';
import { heartbeatDefaults } from '../../session/index.ts';
import type { SpoolOptions } from '../../spool/index.ts';
import { checkedSpool } from '../../spool/index.ts';
import type { ConnectionOptions, Owner } from '../connection.ts';
import type { LinkSettings } from '../link/link-role.ts';
import { unsentLimit } from '../link/link-role.ts';
import { dialTime } from './dial.ts';

export interface ClientLimits {
  /** Longest line in bytes; a longer one closes the link. @default 1 MiB */
  readonly line: number;
  /** Unsent bytes on the link; more closes it. @default 16 MiB */
  readonly unsent: number;
  /** Longest attempt at one address, in ms. @default 10_000 */
  readonly dial: number;
  /**
   * Longest greeting (`opened`), in ms; then the link is dropped, and dialled again, for what waits must not wait for ever.
   * @default 30_000: six requests that end at their deadline
   */
  readonly greeting: number;
  /** Silence on a link with a session, in ms, after which ALIVE goes out. @default 5_000 */
  readonly ask: number;
  /** Silence on a link with a session, in ms, after which it is dropped and dialled again; 0: never. @default 15_000 */
  readonly dead: number;
}

export const clientLimits: ClientLimits = {
  line: longestLine,
  unsent: unsentLimit,
  dial: dialTime,
  greeting: 30_000,
  ...heartbeatDefaults,
};

/** What becomes of unconfirmed messages when the other side has forgotten the session. */
export type OnSessionLost = 'resend' | 'report';

export interface OutboxLimits extends QueueLimits {
  /**
   * Whether a session is offered, with which the other side confirms what it has handled, and the rest is sent again on
   * the next link. @default true for permanent clients, false for those that connect once
   */
  readonly session: boolean;
  /** @default 'resend' */
  readonly onSessionLost: OnSessionLost;
  /** Keeps messages on disk until they have ended, through a crash or a restart of this process. @default none */
  readonly spool: SpoolOptions | undefined;
}

const outboxDefaults: OutboxLimits = { ...queueDefaults, session: true, onSessionLost: 'resend', spool: undefined };

export interface ClientOptions extends ConnectionOptions {
  /** Who handles what the other side says. @default one that answers UNKNOWN */
  readonly dispatcher?: Dispatcher | undefined;
  /** The greeting on each new link: what it sends goes before everything that waits. It may be asynchronous, not for ever. */
  readonly opened?: ((link: Correspondent) => unknown) | undefined;
  /** Handlers whose promises may run at the same time. @default 1 */
  readonly concurrency?: number | undefined;
  readonly limits?: Given<ClientLimits> | undefined;
  /** Limits of what waits for the link, and what happens when it is full. */
  readonly outbox?: Given<OutboxLimits> | undefined;
  /** Pauses between the attempts of a permanent client. */
  readonly pause?: Given<Pause> | undefined;
}

export const knownClientOptions: { [K in keyof Required<ClientOptions>]: 0 } = {
  name: 0,
  priority: 0,
  dispatcher: 0,
  opened: 0,
  concurrency: 0,
  limits: 0,
  outbox: 0,
  pause: 0,
};

export interface ClientSettings {
  readonly link: LinkSettings;
  readonly outbox: OutboxLimits;
  readonly heartbeat: HeartbeatLimits;
  readonly dialTime: number;
  readonly greetingTime: number;
  readonly pause: Pause;
}

const idleTurns = { messages: 1, milliseconds: 1, offer: (): boolean => true };

/** Checks the options, and joins them with what the owner gives. @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE */
export function settle(options: ClientOptions, owner: Owner | undefined, session: boolean): ClientSettings {
  const { dispatcher = new Dispatcher().otherwiseUnknown(), concurrency = 1 } = options;
  const limits = withDefaults('limits', clientLimits, options.limits);
  for (const [name, value] of Object.entries(limits)) {
    inRange(`limit ${name}`, value, name === 'dead' ? 0 : 1, Number.MAX_SAFE_INTEGER);
  }
  const { clock = systemClock, turns = idleTurns, drainTime = 0 } = owner ?? {};
  return {
    link: {
      dispatcher,
      concurrency: wholeInRange('concurrency', concurrency, 1, 1_000_000),
      longestLine: limits.line,
      unsentLimit: limits.unsent,
      drainTime,
      clock,
      turns,
    },
    outbox: checkedOutbox({ ...outboxDefaults, session }, options.outbox),
    heartbeat: checkedHeartbeat(limits),
    dialTime: limits.dial,
    greetingTime: limits.greeting,
    pause: checkedPause(options.pause),
  };
}

/** @throws UsageError OUT_OF_RANGE */
export function checkedHeartbeat({ ask, dead }: HeartbeatLimits): HeartbeatLimits {
  if (dead !== 0) inRange('limit ask', ask, 1, dead - 1);
  return { ask, dead };
}

const policies: readonly FullPolicy[] = ['reject', 'drop-oldest', 'drop-newest'];
const choices: readonly OnSessionLost[] = ['resend', 'report'];

function checkedOutbox(defaults: OutboxLimits, given: Given<OutboxLimits> | undefined): OutboxLimits {
  const outbox = checkedQueue(defaults, given);
  oneOf('onSessionLost', outbox.onSessionLost, choices);
  if (outbox.spool !== undefined) checkedSpool(outbox.spool);
  return outbox;
}

/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_VALUE */
export function checkedQueue<Q extends QueueLimits>(defaults: Q, given: Given<Q> | undefined): Q {
  const queue = withDefaults('outbox', defaults, given);
  inRange('outbox count', queue.count, 0, Number.MAX_SAFE_INTEGER);
  inRange('outbox bytes', queue.bytes, 0, Number.MAX_SAFE_INTEGER);
  oneOf('whenFull', queue.whenFull, policies);
  inRange('outbox age', queue.age, 1, Number.MAX_SAFE_INTEGER);
  return queue;
}

function oneOf(name: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  throw new UsageError('INVALID_VALUE', `${name} is ${value}, it must be one of ${choices.join(', ')}`);
}

/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE */
export function checkedPause(given: Given<Pause> | undefined): Pause {
  const pause = withDefaults('pause', pauseDefaults, given);
  inRange('pause first', pause.first, 0, Number.MAX_SAFE_INTEGER);
  inRange('pause most', pause.most, 0, Number.MAX_SAFE_INTEGER);
  inRange('pause factor', pause.factor, 1, 1_000);
  inRange('pause jitter', pause.jitter, 0, 1);
  inRange('pause hurry', pause.hurry, 0, 1);
  inRange('pause stable', pause.stable, 0, Number.MAX_SAFE_INTEGER);
  for (const entry of pause.list ?? []) inRange('an entry of the pause list', entry, 0, Number.MAX_SAFE_INTEGER);
  return pause;
}
