// One question to a broker, and its answer: for programs that look at it from outside.

import type { BrokerStatus } from '../lib/broker/index.ts';
import type { Values } from '../lib/index.ts';
import { Communicator, Message, UsageError } from '../lib/index.ts';
import { brokerAddress, readBrokerAddress } from '../lib/protocol/service/index.ts';

/** More than the largest broker has. */
const mostPages = 10_000;

/** Where the broker is: options that programs share. */
export const brokerPlace = {
  broker: {
    alias: 'b',
    type: 'string',
    describe: `Address of the broker (default $COMMUNICATOR_LISTEN, or ${brokerAddress.unix})`,
  },
  secret: { type: 'string', describe: 'Goes along as secret_code, for a broker with users' },
} as const;

export interface Place {
  readonly broker?: string | undefined;
  readonly secret?: string | undefined;
}

/** A link to a broker, for as many questions as wanted. */
export class BrokerLine {
  readonly address: string;
  readonly #communicator = new Communicator();
  readonly #link: ReturnType<Communicator['permanent']>;
  readonly #secret: string | undefined;

  /** @throws UsageError INVALID_ADDRESS */
  constructor({ broker, secret }: Place) {
    this.address = readBrokerAddress(broker ?? process.env.COMMUNICATOR_LISTEN ?? brokerAddress.unix);
    if (this.address.startsWith('udp:')) throw new UsageError('INVALID_ADDRESS', 'a broker does not answer datagrams');
    this.#secret = secret;
    // A question that is asked again is asked anew: none of an earlier link is worth an answer.
    this.#link = this.#communicator.permanent(this.address, {
      outbox: { session: false, age: 1_000 },
      pause: { most: 1_000 },
    });
  }

  /** Why there is no link; undefined while there is one. */
  get trouble(): string | undefined {
    return this.#link.state === 'open' ? undefined : (this.#link.why.lastError?.message ?? 'connecting');
  }

  /** @throws TimeoutError REQUEST_TIMEOUT, PeerError REFUSED, NetworkError CLOSED */
  async ask(command: string, timeout: number, parameters: Values = {}): Promise<Message> {
    try {
      return await this.#link.request(Message.of(command, { ...parameters, secret_code: this.#secret }), { timeout });
    } catch (error) {
      const { trouble } = this;
      throw trouble === undefined || trouble === 'connecting' ? error : new Error(trouble, { cause: error });
    }
  }

  /** The whole status, page by page. @throws as `ask`, for each page */
  async status(timeout: number): Promise<BrokerStatus> {
    const pages: BrokerStatus[] = [];
    for (let after: string | undefined = ''; after !== undefined; ) {
      const answer = await this.ask('BROKER_STATUS', timeout, { after: after === '' ? undefined : after });
      pages.push(JSON.parse(answer.string('status')) as BrokerStatus);
      after = answer.get('more');
      if (pages.length >= mostPages) throw new Error(`the status has no end: ${pages.length} pages`);
    }
    return joined(pages);
  }

  async close(): Promise<void> {
    await this.#communicator.stop(100);
  }
}

/** Pages as one: a server whose services go over the end of a page is in both. */
function joined(pages: readonly BrokerStatus[]): BrokerStatus {
  const head = pages.at(-1) as BrokerStatus;
  const others = new Map<string, string[]>();
  for (const { server, services } of pages.flatMap(({ cluster }) => cluster.others)) {
    others.set(server, [...(others.get(server) ?? []), ...services]);
  }
  const rows = [...others].map(([server, services]) => ({ server, services }));
  const services = pages.flatMap(page => page.services);
  return { ...head, services, cluster: { ...head.cluster, others: rows } };
}
