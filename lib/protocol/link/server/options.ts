// What a server of links can be told, and what becomes of it.

import { UsageError } from '../../../base/errors.ts';
import type { Given } from '../../../base/options.ts';
import { refuseUnknown } from '../../../base/options.ts';
import type { ConnectionOptions } from '../../../connection/index.ts';
import type { Definition } from '../definitions.ts';
import { checkDefinitions } from '../definitions.ts';
import type { EndLimits, KeptLimits } from '../session/limits.ts';
import { endLimits, keptLimits, settledLimits } from '../session/limits.ts';
import type { Dialect } from '../wire.ts';

/** Which dialects a server speaks; with `both`, each other side chooses. */
export type Dialects = Dialect | 'both';

/** Each is 1 or more; all but `handshake` are whole numbers. */
export interface LinkLimits extends EndLimits {
  /** Sockets at the same time; more are refused. @default 10_000 */
  readonly connections: number;
  /** Sockets that have not registered; for another one the oldest is closed. @default 1_000 */
  readonly joining: number;
  /** Longest handshake in ms. @default 30_000 */
  readonly handshake: number;
}

export const linkLimits: LinkLimits = { connections: 10_000, joining: 1_000, handshake: 30_000, ...endLimits };

/** Each is 1 or more; `count` and `bytes` are whole numbers. */
export interface SessionOptions extends KeptLimits {
  /** How long a session whose link was lost is remembered, in ms. @default 60_000 */
  readonly timeout: number;
  /** From one heartbeat to the next, in ms; after two without one the link is dropped. @default 15_000 */
  readonly heartbeat: number;
}

export const sessionDefaults: SessionOptions = { timeout: 60_000, heartbeat: 15_000, ...keptLimits };

export interface LinkServerOptions extends ConnectionOptions {
  /** The messages that its links know. */
  readonly definitions: readonly Definition[];
  /** What it speaks. @default 'session' */
  readonly dialect?: Dialects | undefined;
  /** What tokens are signed with; without it none is asked for. Base64 in the session dialect. @default none */
  readonly secret?: string | undefined;
  /** On which node an instance is; null for one that is on none, undefined where there is none. @default there is none */
  readonly locate?: ((instance: number) => number | null | undefined) | undefined;
  /** @default `linkLimits` */
  readonly limits?: Given<LinkLimits> | undefined;
  /** @default `sessionDefaults` */
  readonly session?: Given<SessionOptions> | undefined;
}

const known: { [K in keyof Required<LinkServerOptions>]: 0 } = {
  name: 0,
  priority: 0,
  definitions: 0,
  dialect: 0,
  secret: 0,
  locate: 0,
  limits: 0,
  session: 0,
};

export interface LinkServerSettings {
  readonly dialect: Dialects;
  readonly limits: LinkLimits;
  readonly session: SessionOptions;
}

/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_VALUE */
export function settleServer(options: LinkServerOptions): LinkServerSettings {
  refuseUnknown('linkServer', known, options);
  const { dialect = 'session' } = options;
  if (!['seed', 'session', 'both'].includes(dialect)) throw new UsageError('INVALID_VALUE', `dialect is ${dialect}`);
  checkDefinitions(options.definitions);
  const { secret, locate } = options;
  if (secret !== undefined && (typeof secret !== 'string' || secret === '')) {
    throw new UsageError('INVALID_VALUE', 'a secret is a text, and not empty');
  }
  if (secret !== undefined && dialect !== 'seed' && Buffer.from(secret, 'base64').length === 0) {
    throw new UsageError('INVALID_VALUE', 'a secret of the session dialect is base64, and this one says nothing');
  }
  if (locate !== undefined && typeof locate !== 'function') {
    throw new UsageError('INVALID_VALUE', 'locate is a function');
  }
  const limits = settledLimits('limits', linkLimits, options.limits);
  const session = settledLimits('session', sessionDefaults, options.session);
  return { dialect, limits, session };
}
