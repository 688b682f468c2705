// The way to a service at another broker, and what waits here for one that has come up there.

import { LimitError, Refusal } from '../../base/errors.ts';
import type { Message } from '../../message/index.ts';
import type { Cluster } from '../cluster.ts';
import type { Registry } from './registry.ts';

/**
 * The broker at which a service is; undefined where it is nowhere else. A name that is at several (it was registered on both
 * sides of a split, say) means the first of them by the server's name: all brokers choose the same one.
 */
export function elsewhere({ others }: Cluster, service: string): string | undefined {
  let found: string | undefined;
  for (const { server, services } of others) {
    if ((found === undefined || server < found) && services.some(({ name }) => name === service)) found = server;
  }
  return found;
}

/** What waits here for a service that is at another broker goes there, in its order; what is for this broker alone stays. */
export function sendOn({ mailboxes }: Registry, cluster: Cluster): void {
  for (const mailbox of mailboxes.values()) {
    if (mailbox.waiting === 0 || mailbox.members.length > 0) continue;
    const server = elsewhere(cluster, mailbox.name);
    if (server !== undefined) mailbox.sendOn(message => cluster.forward(server, message).catch(onceOnly(message)));
  }
}

/** What nobody told the fate of in time may have been handled there: it does not go out again. */
function onceOnly({ command }: Message): (error: unknown) => never {
  return error => {
    if (!(error instanceof LimitError) || error.code !== 'EXPIRED') throw error;
    throw new Refusal(error.message, command, { cause: error });
  };
}
