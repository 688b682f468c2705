// What a client of links can be told, and what becomes of it.

import type { Pause } from '../../../base/backoff.ts';
import { checkedPause } from '../../../base/backoff.ts';
import { UsageError } from '../../../base/errors.ts';
import type { Given } from '../../../base/options.ts';
import { inRange, refuseUnknown, wholeInRange, withDefaults } from '../../../base/options.ts';
import type { ConnectionOptions } from '../../../connection/index.ts';
import type { Definition } from '../definitions.ts';
import { checkDefinitions } from '../definitions.ts';
import type { Data, Dialect } from '../wire.ts';

/** Each is 1 or more; all but `dial` are whole numbers. */
export interface LinkClientLimits {
  /** Longest attempt to reach the controller, and longest handshake, in ms. @default 10_000 */
  readonly dial: number;
  /**
   * Longest frame in bytes: a longer one that comes ends the link, one that is to go is refused (OUTBOX_FULL). Past the
   * 16 MiB of the transport only with a `websocket({ longest })` of one's own. @default 1 MiB
   */
  readonly frame: number;
  /** Unsent bytes on the socket; more ends the link. @default 16 MiB */
  readonly unsent: number;
  /** Handlers whose promises run at the same time; then nothing is read. @default 1_000 */
  readonly handlers: number;
  /** Messages kept until the controller has them; more are refused (OUTBOX_FULL). @default 10_000 */
  readonly count: number;
  /** Their bytes. @default 16 MiB */
  readonly bytes: number;
}

export const linkClientLimits: LinkClientLimits = {
  dial: 10_000,
  frame: 1024 * 1024,
  unsent: 16 * 1024 * 1024,
  handlers: 1_000,
  count: 10_000,
  bytes: 16 * 1024 * 1024,
};

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
  const limits = withDefaults('limits', linkClientLimits, options.limits);
  for (const [limit, value] of Object.entries(limits)) {
    const ranged = limit === 'dial' ? inRange : wholeInRange;
    ranged(`limit ${limit}`, value, 1, Number.MAX_SAFE_INTEGER);
  }
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
