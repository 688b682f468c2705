// What a service can be told.

import { UsageError } from '../../../base/errors.ts';
import type { Given } from '../../../base/options.ts';
import { refuseUnknown } from '../../../base/options.ts';
import type { Communicator } from '../../../communicator/index.ts';
import type { ClientOptions } from '../../../connection/index.ts';
import type { Tracing } from '../../../dispatcher/index.ts';
import type { Severity } from '../../../logging/index.ts';
import type { Definitions } from '../../../message/index.ts';
import { isName } from '../../../message/index.ts';
import type { Share } from '../definitions.ts';
import { shares } from '../definitions.ts';
import { brokerAddress, brokerName, readBrokerAddress } from '../wire.ts';
import type { OnceOptions } from './once-notes.ts';
import { checkedOnce } from './once-notes.ts';

export interface ServiceLog {
  /** Finest severity. @default 'info' */
  readonly level: Severity;
  /** A log file, one JSON object a line; LOG_ROTATE reopens it. @default none: the standard error alone */
  readonly file: string | undefined;
  /** UDP address that takes LOG_ROTATE, besides the broker. @default none */
  readonly rotate: string | undefined;
  /** Logs each message that comes in (true), and each that goes out too ('both'), at level 'trace'. @default false */
  readonly trace: Tracing;
}

export interface ServiceLink extends Pick<ClientOptions, 'concurrency' | 'limits' | 'outbox' | 'pause'> {
  /** The names of messages that must run once, on the disk. @default in memory: the last 20,000 */
  readonly once?: Given<OnceOptions> | undefined;
}

export interface ServiceOptions {
  /** Version of the program, for its log. @default none */
  readonly version?: string | undefined;
  /** What messages are checked against. @default none */
  readonly definitions?: Definitions | undefined;
  /**
   * Where the broker is; several are tried in turn. `cd:///run/x.sock` and `cd://host:port` are read too.
   * @default the environment's COMMUNICATOR_LISTEN, or unix:/run/communicator/communicatord.sock
   */
  readonly broker?: string | readonly string[] | undefined;
  readonly log?: Given<ServiceLog> | undefined;
  /**
   * Limits of the link, of what waits for the broker (with a spool, through a crash), pauses, handlers at the same time, and
   * what it remembers through a crash of messages that must run once.
   */
  readonly link?: ServiceLink | undefined;
  /** Goes with REGISTER as `password`, for a broker with users. @default none */
  readonly secret?: string | undefined;
  /** Several processes may have this name; how the broker chooses. @default one process alone */
  readonly share?: Share | undefined;
  /** Whose it is; signals, log and log rotation are then that one's business. @default its own */
  readonly communicator?: Communicator | undefined;
}

const known: { [K in keyof Required<ServiceOptions>]: 0 } = {
  version: 0,
  definitions: 0,
  broker: 0,
  log: 0,
  link: 0,
  secret: 0,
  share: 0,
  communicator: 0,
};

export const logDefaults: ServiceLog = { level: 'info', file: undefined, rotate: undefined, trace: false };

/** @throws UsageError INVALID_NAME, INVALID_VALUE, OUT_OF_RANGE, UNKNOWN_OPTION */
export function checkedService(name: string, options: ServiceOptions): ServiceOptions {
  refuseUnknown('a service', known, options);
  refuseUnknown('link', { concurrency: 0, limits: 0, outbox: 0, pause: 0, once: 0 }, options.link ?? {});
  if (options.link?.once !== undefined) checkedOnce(options.link.once);
  if (!isName(name) || name === brokerName) {
    throw new UsageError('INVALID_NAME', `"${name}" is no name for a service: use letters, digits and _`);
  }
  if (options.share !== undefined && !shares.includes(options.share)) {
    throw new UsageError('INVALID_VALUE', `share is ${options.share}, it must be one of ${shares.join(', ')}`);
  }
  return options;
}

export function brokersOf(broker: ServiceOptions['broker']): string[] {
  const given = broker ?? process.env.COMMUNICATOR_LISTEN ?? brokerAddress.unix;
  return (typeof given === 'string' ? [given] : [...given]).map(readBrokerAddress);
}
