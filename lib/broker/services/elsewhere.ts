// Services at other brokers: where they are, which names they had, and what waits here for one that has appeared there.

import { LimitError, Refusal } from '../../base/errors.ts';
import type { Logger } from '../../logging/index.ts';
import type { Message } from '../../message/index.ts';
import type { Cluster } from '../cluster.ts';
import type { Mailbox } from './mailbox.ts';
import type { Registry } from './registry.ts';

export class Elsewhere {
  readonly #server: string;
  readonly #cluster: Cluster;
  readonly #registry: Registry;
  readonly #logger: Logger;
  /** As many names are remembered. */
  readonly #most: number;
  readonly #names = new Set<string>();

  constructor(server: string, cluster: Cluster, registry: Registry, most: number, logger: Logger) {
    this.#server = server;
    this.#cluster = cluster;
    this.#registry = registry;
    this.#most = most;
    this.#logger = logger;
  }

  /** Whether a service of this name was at another broker. */
  knows(name: string): boolean {
    return this.#names.has(name);
  }

  /**
   * The other broker that a message goes to; while the cluster is not up, a name that was given may be one. A service that is at
   * several (it was registered on both sides of a split, say) is at the first of them by the server's name: all brokers choose
   * the same one.
   */
  find(server: string, service: string): string | undefined {
    const { state } = this.#cluster.status;
    if (server !== '' && state !== 'up' && state !== 'alone') return server;
    const { others } = this.#cluster;
    if (server !== '') return others.find(one => one.server === server)?.server;
    let found: string | undefined;
    for (const one of others) {
      const isFirst = found === undefined || one.server < found;
      if (isFirst && one.services.some(({ name }) => name === service)) found = one.server;
    }
    return found;
  }

  /** The others have changed. */
  changed(): void {
    for (const { services } of this.#cluster.others) {
      for (const { name } of services) if (this.#names.size < this.#most) this.#names.add(name);
    }
    this.handOver();
  }

  /** Gives what waits here to the brokers where its service is. */
  handOver(): void {
    for (const mailbox of this.#registry.mailboxes.values()) {
      if (mailbox.waiting > 0 && mailbox.members.length === 0) this.#handOver(mailbox);
    }
  }

  #handOver(mailbox: Mailbox): void {
    const server = this.find('', mailbox.name);
    if (server === undefined) return;
    const count = mailbox.handOver(
      message => this.#cluster.forward(server, message).catch(onceOnly(message)),
      message => this.#mayGo(message),
    );
    if (count > 0) this.#logger.log('info', `handed over to ${server}: ${count} messages for ${mailbox.name}`);
  }

  /** What was for this machine alone stays. */
  #mayGo({ to }: Message): boolean {
    return to.server !== '.' && to.server !== this.#server;
  }
}

/** What nobody told the fate of in time may have been handled there: it does not go out again. */
function onceOnly({ command }: Message): (error: unknown) => never {
  return error => {
    if (!(error instanceof LimitError) || error.code !== 'EXPIRED') throw error;
    throw new Refusal(error.message, command, { cause: error });
  };
}
