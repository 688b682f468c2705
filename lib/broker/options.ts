// What a broker can be told.

import { hostname } from 'node:os';
import { UsageError } from '../base/errors.ts';
import type { Given } from '../base/options.ts';
import { refuseUnknown, wholeInRange, withDefaults } from '../base/options.ts';
import type { Communicator } from '../communicator/index.ts';
import { isName, nameOfHost } from '../message/index.ts';
import { brokerAddress } from '../protocol/service/index.ts';
import type { SpoolOptions } from '../spool/index.ts';
import { checkedSpool } from '../spool/index.ts';
import type { Cluster } from './cluster.ts';
import { alone } from './cluster.ts';
import type { AccessOptions } from './rights.ts';
import { checkedAccess } from './rights.ts';

export interface BrokerLimits {
  /** Connections at one listener, sessions at the same time among them. @default 10_000 */
  readonly connections: number;
  /** Service names that are remembered: of those that are gone, the oldest are forgotten first. @default 10_000 */
  readonly services: number;
  /** Messages that wait for one service, those under way to it included; more are refused. @default 10_000 */
  readonly count: number;
  /** Their bytes. @default 16 MiB */
  readonly bytes: number;
  /**
   * Of these, those of one sender while the service does nothing: it does not take all that the sender may have unconfirmed
   * (5,000). The youngest of more than that are refused. @default 2_500
   */
  readonly pair: number;
  /** Messages under way to one process of a service, not confirmed by it. @default 2_500 */
  readonly window: number;
  /** How long a service without a session has to answer ALIVE when another process wants its name, in ms. @default 3_000 */
  readonly probe: number;
  /** How long a leaving service, or the broker itself, may take for what is under way, in ms. @default 5_000 */
  readonly drain: number;
}

export const brokerLimits: BrokerLimits = {
  connections: 10_000,
  services: 10_000,
  count: 10_000,
  bytes: 16 * 1024 * 1024,
  pair: 2_500,
  window: 2_500,
  probe: 3_000,
  drain: 5_000,
};

export interface BrokerOptions {
  /** Whose it is: its transports say how `unix:` files are protected, and which certificate `tls:` shows. */
  readonly communicator: Communicator;
  /** Its name in addresses. @default the host's, made fit for the wire */
  readonly server?: string | undefined;
  /** Where it listens: `unix:`, `tcp:`, `tls:`, and `udp:` for signals. @default the socket, tcp 4040, udp 4041 */
  readonly listen?: readonly string[] | undefined;
  /** Who may do what. @default programs on this machine may register and send; nobody may stop it by message */
  readonly access?: Given<AccessOptions> | undefined;
  readonly limits?: Given<BrokerLimits> | undefined;
  /** A folder for what waits for absent services, through a restart. @default none: in memory alone */
  readonly store?: SpoolOptions | undefined;
  /** Services that messages are kept for although they have not been here yet. @default none */
  readonly services?: readonly string[] | undefined;
  /** The way to other brokers. @default none */
  readonly cluster?: Cluster | undefined;
}

export interface BrokerSettings {
  readonly communicator: Communicator;
  readonly server: string;
  readonly listen: readonly string[];
  readonly access: AccessOptions;
  readonly limits: BrokerLimits;
  readonly store: SpoolOptions | undefined;
  readonly services: readonly string[];
  readonly cluster: Cluster;
}

const known: { [K in keyof Required<BrokerOptions>]: 0 } = {
  communicator: 0,
  server: 0,
  listen: 0,
  access: 0,
  limits: 0,
  store: 0,
  services: 0,
  cluster: 0,
};

/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_NAME, INVALID_VALUE */
export function settled(options: BrokerOptions): BrokerSettings {
  refuseUnknown('a broker', known, options);
  const { communicator, store, services = [], cluster = alone, listen = Object.values(brokerAddress) } = options;
  const server = options.server ?? (nameOfHost(hostname()) || 'communicatord');
  for (const name of [server, ...services]) {
    if (!isName(name)) throw new UsageError('INVALID_NAME', `"${name}" is no name: use letters, digits and _`);
  }
  const limits = withDefaults('limits', brokerLimits, options.limits);
  for (const [name, value] of Object.entries(limits)) wholeInRange(`limit ${name}`, value, 1, Number.MAX_SAFE_INTEGER);
  if (store !== undefined) checkedSpool(store);
  return { communicator, server, listen, access: checkedAccess(options.access), limits, store, services, cluster };
}
