// What senders are told about messages that did not arrive, or that wait.

import { reasonOf } from '../base/errors.ts';
import type { Logger } from '../logging/index.ts';
import { Message, requestParameter } from '../message/index.ts';
import { brokerName, cacheParameter, readCache, reportParameter } from '../protocol/service/index.ts';
import type { Cluster } from './cluster.ts';
import type { Party } from './services/party.ts';
import type { Registry } from './services/registry.ts';

export interface ReportParts {
  readonly server: string;
  readonly registry: Registry;
  readonly cluster: Cluster;
  readonly logger: Logger;
}

export class Reports {
  readonly #parts: ReportParts;

  constructor(parts: ReportParts) {
    this.#parts = parts;
  }

  /** It waits for its service: told where a report was asked for. */
  cached(message: Message): void {
    if (!message.has(reportParameter)) return;
    this.#tell(message.from, this.#own(message, 'TRANSMISSION_REPORT', { command: message.command, status: 'cached' }));
  }

  /** It will not arrive: a report where one was asked for, SERVICE_UNAVAILABLE otherwise, or besides where that was. */
  unavailable(message: Message, reply: boolean): void {
    const { command, from, to } = message;
    if (message.has(reportParameter)) {
      this.#tell(from, this.#own(message, 'TRANSMISSION_REPORT', { command, status: 'failed' }));
      if (!readCache(message.get(cacheParameter)).reply && !message.has(requestParameter)) return;
    }
    // A request waits for an answer.
    if ((!reply && !message.has(requestParameter)) || command === 'SERVICE_UNAVAILABLE') return;
    const what = { destination_service: to.service || to.server, unsent_command: command };
    this.#tell(from, this.#own(message, 'SERVICE_UNAVAILABLE', what));
  }

  /** What is said to whom the message came from, where that can be reached. */
  #tell(to: Message['from'], answer: Message): void {
    const { registry, cluster, server, logger } = this.#parts;
    if (to.service === '') return;
    try {
      const guest = registry.guest(to.service);
      const [member] = registry.mailboxes.get(to.service)?.members ?? [];
      const here = to.server === '' || to.server === server;
      if (here) (guest ?? member)?.peer.send(answer);
      else cluster.forward(to.server, answer.addressed({ to })).catch(() => undefined);
    } catch (error) {
      logger.log('debug', `${answer.command} was not sent: ${reasonOf(error)}`, { to: to.service });
    }
  }

  #own(message: Message, command: string, parameters: Parameters<Message['reply']>[1]): Message {
    const answer = message.reply(command, parameters);
    return new Message(command, answer.list, { server: this.#parts.server, service: brokerName });
  }
}

/** A guest hears answers under the name that it gave itself. */
export function forGuest(message: Message, guest: Party): Message {
  return guest.alias === undefined ? message : new Message(message.command, message.list, message.from, guest.alias);
}
