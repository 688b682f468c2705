// Where a connection to NATS dials: the servers that it was given, and those that they told of.

import type { Address } from '../../base/address.ts';
import { formatAddress, parseHostPort } from '../../base/address.ts';
import { UsageError } from '../../base/errors.ts';
import type { NatsLine } from '../../transport/nats/index.ts';
import { dialNats, loginNow, natsAddress, needNats } from '../../transport/nats/index.ts';
import type { Owner } from '../connection.ts';
import { dialEach } from '../parts/dial.ts';
import type { NatsOptions, NatsSettings } from './nats-options.ts';

/** Servers that one server may tell of. */
const mostTold = 100;

export class NatsServers {
  /** All that were given, as text. */
  readonly remote: string;
  readonly #given: readonly Address[];
  #told: readonly Address[] = [];

  /** @throws UsageError INVALID_ADDRESS */
  constructor(servers: string | readonly string[]) {
    const texts = typeof servers === 'string' ? servers.split(',') : servers;
    this.#given = texts.map(text => natsAddress(text.trim()));
    if (texts.length === 0) throw new UsageError('INVALID_ADDRESS', 'there is no server to connect to');
    this.remote = this.#given.map(formatAddress).join(',');
  }

  /** Takes over what the server tells of the others of its cluster. */
  learn({ others }: NatsLine): void {
    const known = new Set(this.#given.map(formatAddress));
    const told = others.slice(0, mostTold).filter(text => parseHostPort(text) !== undefined);
    this.#told = told.map(natsAddress).filter(address => !known.has(formatAddress(address)));
  }

  /**
   * Tries them in turn: those that were given first, from any of them on; one to `avoid` last.
   * @throws as `dialNats` and `loginNow`, and the signal's reason
   */
  async dial(
    { name, login, tls }: NatsOptions,
    { dial, ask }: NatsSettings['limits'],
    { clock, random }: Owner,
    signal: AbortSignal,
    avoid?: NatsLine,
  ): Promise<NatsLine> {
    const from = Math.floor(random() * this.#given.length);
    const servers = [...this.#given.slice(from), ...this.#given.slice(0, from), ...this.#told];
    const last = (address: Address): number => Number(formatAddress(address) === avoid?.remote);
    servers.sort((a, b) => last(a) - last(b));
    await needNats();
    const now = await loginNow(login);
    return dialEach(servers, clock, dial, signal, (address, limited) =>
      dialNats(address, { name: name ?? 'ed-communicator', login: now, tls, ask }, limited),
    );
  }
}
