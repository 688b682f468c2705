// The clients of the upgrade: permanent, with sessions, each with numbered messages at a steady rate. They are told
// nothing of the upgrade: a link ends, they come back, and send again what was not confirmed.

import type { PermanentClient } from 'ed-communicator';
import { Communicator, Message } from 'ed-communicator';

/** Messages go out in portions, so many ms apart. */
const portionTime = 10;

export interface Measured {
  /** The last number of each client. */
  readonly sent: ReadonlyMap<number, number>;
  confirmed: number;
  /** Deliveries that ended in another way. */
  failed: number;
  /** Links that were lost; sessions that the new service did not know. */
  linksLost: number;
  sessionsLost: number;
  /** Longest time in ms: a client without a link; between two confirmations, of all together; from `deliver` to its confirmation. */
  withoutLink: number;
  betweenConfirmations: number;
  untilConfirmed: number;
}

export class Load {
  readonly measured: Measured;
  readonly #communicator = new Communicator();
  readonly #clients: PermanentClient[];
  readonly #sent = new Map<number, number>();
  #confirmedAt = performance.now();

  constructor(address: string, clients: number) {
    this.measured = {
      sent: this.#sent,
      confirmed: 0,
      failed: 0,
      linksLost: 0,
      sessionsLost: 0,
      withoutLink: 0,
      betweenConfirmations: 0,
      untilConfirmed: 0,
    };
    this.#clients = Array.from({ length: clients }, () => this.#client(address));
  }

  /** Resolves when every client has its link. */
  async connected(): Promise<void> {
    const open = (client: PermanentClient): Promise<void> =>
      new Promise(resolve => (client.state === 'open' ? resolve() : client.once('open', resolve)));
    await Promise.all(this.#clients.map(open));
  }

  /** Sends `rate` messages a second until it is over, in turn from each client. */
  async send(rate: number, over: AbortSignal): Promise<void> {
    const start = performance.now();
    this.#confirmedAt = start;
    for (let sent = 0; !over.aborted; ) {
      const due = Math.ceil((rate * (performance.now() - start)) / 1_000);
      for (; sent < due; sent += 1) this.#deliver(sent % this.#clients.length);
      await new Promise(resolve => setTimeout(resolve, portionTime));
    }
  }

  /** Waits until each message has ended, then ends the clients. */
  async finish(): Promise<void> {
    const count = [...this.#sent.values()].reduce((sum, last) => sum + last, 0);
    while (this.measured.confirmed + this.measured.failed < count) {
      await new Promise(resolve => setTimeout(resolve, portionTime));
    }
    await this.#communicator.stop();
  }

  #client(address: string): PermanentClient {
    const { measured } = this;
    const client = this.#communicator.permanent(address);
    let lostAt: number | undefined;
    client.on('lost', () => {
      measured.linksLost += 1;
      lostAt = performance.now();
    });
    client.on('open', () => {
      if (lostAt !== undefined) measured.withoutLink = Math.max(measured.withoutLink, performance.now() - lostAt);
      lostAt = undefined;
    });
    client.on('session lost', () => {
      measured.sessionsLost += 1;
    });
    return client;
  }

  #deliver(client: number): void {
    const number = (this.#sent.get(client) ?? 0) + 1;
    this.#sent.set(client, number);
    const start = performance.now();
    const message = Message.of('ITEM', { client, number });
    (this.#clients[client] as PermanentClient).deliver(message).then(
      () => this.#confirmed(start),
      () => {
        this.measured.failed += 1;
      },
    );
  }

  #confirmed(start: number): void {
    const { measured } = this;
    const now = performance.now();
    measured.confirmed += 1;
    measured.untilConfirmed = Math.max(measured.untilConfirmed, now - start);
    measured.betweenConfirmations = Math.max(measured.betweenConfirmations, now - this.#confirmedAt);
    this.#confirmedAt = now;
  }
}
