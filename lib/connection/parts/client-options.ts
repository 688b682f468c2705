// What a client can be told, and what becomes of it.

import type { Pause } from '../../base/backoff.ts';
import { checkedPause } from '../../base/backoff.ts';
import { systemClock } from '../../base/clock.ts';
import type { Given } from '../../base/options.ts';
import { oneOf, wholeInRange } from '../../base/options.ts';
import type { QueueLimits } from '../../base/queue.ts';
import { checkedQueue, queueDefaults } from '../../base/queue.ts';
import type { Correspondent } from '../../dispatcher/index.ts';
import { Dispatcher } from '../../dispatcher/index.ts';
import { longestLine } from '../../framing/index.ts';
import type { HeartbeatLimits } from '../../session/index.ts';
import { heartbeatDefaults } from '../../session/index.ts';
import type { SpoolOptions } from '../../spool/index.ts';
import { checkedSpool } from '../../spool/index.ts';
import type { ConnectionOptions, Owner } from '../connection.ts';
import type { LinkLimits, LinkSettings } from '../link/link-role.ts';
import { settledLimits, unsentLimit } from '../link/link-role.ts';
import { dialTime } from './dial.ts';

export interface ClientLimits extends LinkLimits {
  /** Longest attempt at one address, in ms. @default 10_000 */
  readonly dial: number;
  /**
   * Longest greeting (`opened`), in ms; then the link is dropped, and dialled again, for what waits must not wait for ever.
   * @default 30_000: six requests that end at their deadline
   */
  readonly greeting: number;
}

const clientLimits: ClientLimits = {
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
  const limits = settledLimits(clientLimits, options.limits);
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
    heartbeat: { ask: limits.ask, dead: limits.dead },
    dialTime: limits.dial,
    greetingTime: limits.greeting,
    pause: checkedPause(options.pause),
  };
}

const choices: readonly OnSessionLost[] = ['resend', 'report'];

function checkedOutbox(defaults: OutboxLimits, given: Given<OutboxLimits> | undefined): OutboxLimits {
  const outbox = checkedQueue(defaults, given);
  oneOf('onSessionLost', outbox.onSessionLost, choices);
  if (outbox.spool !== undefined) checkedSpool(outbox.spool);
  return outbox;
}
