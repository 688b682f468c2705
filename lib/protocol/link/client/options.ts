// What a client of links can be told, and what becomes of it.

import type { Pause } from '../../../base/backoff.ts';
import { checkedPause } from '../../../base/backoff.ts';
import { UsageError } from '../../../base/errors.ts';
import type { Given } from '../../../base/options.ts';
import { refuseUnknown } from '../../../base/options.ts';
import type { ConnectionOptions } from '../../../connection/index.ts';
import type { Definition } from '../definitions.ts';
import { checkDefinitions } from '../definitions.ts';
import type { EndLimits, KeptLimits } from '../session/limits.ts';
import { endLimits, keptLimits, settledLimits } from '../session/limits.ts';
import type { Data, Dialect } from '../wire.ts';

/** Each is 1 or more; all but `dial` are whole numbers. */
export interface LinkClientLimits extends EndLimits, KeptLimits {
  /** Longest attempt to reach the controller, and longest handshake, in ms. @default 10_000 */
  readonly dial: number;
}

export const linkClientLimits: LinkClientLimits = { dial: 10_000, ...endLimits, ...keptLimits };

export interface LinkClientOptions extends ConnectionOptions {
  /** As whom it registers; `node` needs an `id`. */
  readonly role: 'node' | 'control';
  /** Of a node: a whole number that no other node has, negative ones too. */
  readonly id?: number | undefined;
  /** What it authenticates itself with. @default none */
  readonly token?: string | undefined;
  /** The messages that its link knows. */
  readonly definitions: readonly Definition[];
  /** What the controller speaks, or one of what it speaks. @default 'session' */
  readonly dialect?: Dialect | undefined;
  /** @default `linkClientLimits` */
  readonly limits?: Given<LinkClientLimits> | undefined;
  /** Pauses between attempts, in ms. @default as of permanent clients: 50 ms to 5 s, doubling, full jitter */
  readonly pause?: Given<Pause> | undefined;
}

const known: { [K in keyof Required<LinkClientOptions>]: 0 } = {
  name: 0,
  priority: 0,
  role: 0,
  id: 0,
  token: 0,
  definitions: 0,
  dialect: 0,
  limits: 0,
  pause: 0,
};

export interface LinkClientSettings {
  readonly role: 'node' | 'control';
  readonly dialect: Dialect;
  readonly limits: LinkClientLimits;
  readonly pause: Pause;
  /** The message that registers. */
  readonly register: { readonly type: string; readonly data: Data };
}

/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_VALUE */
export function settleClient(options: LinkClientOptions, name: string): LinkClientSettings {
  refuseUnknown('linkClient', known, options);
  const { role, dialect = 'session' } = options;
  if (!['node', 'control'].includes(role)) throw new UsageError('INVALID_VALUE', `role is ${role}`);
  if (!['seed', 'session'].includes(dialect)) throw new UsageError('INVALID_VALUE', `dialect is ${dialect}`);
  const limits = settledLimits('limits', linkClientLimits, options.limits);
  checkDefinitions(options.definitions);
  if (typeof (options.token ?? '') !== 'string') throw new UsageError('INVALID_VALUE', 'a token is a text');
  const pause = checkedPause(options.pause);
  return { role, dialect, limits, pause, register: registration(options, name, dialect) };
}

const agent = 'ed-communicator';
const version = '2.0.0';

function registration({ role, id, token = '' }: LinkClientOptions, name: string, dialect: Dialect) {
  // Real servers ask for a token, be it empty, and take exactly these keys.
  if (role === 'control') return { type: 'register_control', data: { token, agent, version } };
  if (!Number.isSafeInteger(id)) throw new UsageError('INVALID_VALUE', `the id of a node is ${id}, not a whole number`);
  const data = { token, agent, version, id, name };
  return { type: 'register_slave', data: dialect === 'seed' ? data : { ...data, plugins: {} } };
}
