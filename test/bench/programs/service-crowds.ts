// Many services in one process, each with a connection of its own, that wait for news: ours, registered with the broker, and
// subscribers of nats.js. And the one who says the news.

import type { NatsConnection } from '@nats-io/transport-node';
import { connect } from '@nats-io/transport-node';
import { Communicator, Message } from '../../../lib/index.ts';
import { Service } from '../../../lib/protocol/service/index.ts';
import type { Abilities, Figures } from '../child.ts';
import { serve } from '../child.ts';
import { median } from '../row.ts';
import { effort } from './gauges.ts';
import { addressOf, text } from './service-places.ts';
import { inGroups } from './together.ts';

class Heard {
  #count = 0;
  #wanted = Number.POSITIVE_INFINITY;
  #enough: () => void = () => undefined;

  hear(length: number): void {
    if (length !== text.length) throw new Error(`news of ${length} characters`);
    this.#count += 1;
    if (this.#count >= this.#wanted) this.#enough();
  }

  /** Resolves when so many were heard from the last time on. */
  async expect({ count = 0 }: Figures): Promise<Figures> {
    if (this.#count < count) {
      this.#wanted = count;
      await new Promise<void>(resolve => {
        this.#enough = resolve;
      });
    }
    const heard = this.#count;
    this.#count = 0;
    this.#wanted = Number.POSITIVE_INFINITY;
    return { heard };
  }
}

async function registered(name: string, port: number, communicator: Communicator, heard?: Heard): Promise<Service> {
  const service = new Service(name, { broker: addressOf(port), communicator });
  if (heard !== undefined) service.on('NEWS', message => heard.hear(message.string('text').length));
  const started = new Promise(resolve => service.when('started', () => resolve(0)));
  void service.run();
  await started;
  return service;
}

function ours(): Abilities {
  const heard = new Heard();
  const communicator = new Communicator();
  return {
    open: async ({ port = 0, count = 0, first = 0 }) => {
      await inGroups(count, async id => void (await registered(`crowd_${first + id}`, port, communicator, heard)));
      return {};
    },
    expect: given => heard.expect(given),
    effort,
  };
}

function nats(): Abilities {
  const heard = new Heard();
  return {
    open: async ({ port = 0, count = 0 }) => {
      await inGroups(count, async () => {
        const connection = await connect({ servers: `127.0.0.1:${port}` });
        connection.subscribe('news', { callback: (_error, message) => heard.hear(message.data.length) });
        await connection.flush();
      });
      return {};
    },
    expect: given => heard.expect(given),
    effort,
  };
}

/** The middle one of so many waits, in µs. */
async function middle(count: number, once: (number: number) => Promise<unknown>): Promise<Figures> {
  const waits: number[] = [];
  for (let number = 0; number < count; number += 1) {
    const start = performance.now();
    await once(number);
    waits.push((performance.now() - start) * 1_000);
  }
  return { p50: median(waits) };
}

function ourSpeaker(): Abilities {
  const communicator = new Communicator();
  const news = Message.of('NEWS', { text }, { to: { service: '.' } });
  let service: Service | undefined;
  return {
    open: async ({ port = 0 }) => {
      service = await registered('speaker', port, communicator);
      return {};
    },
    say: ({ count = 0 }) => {
      for (let said = 0; said < count; said += 1) service?.send(news);
      return {};
    },
    /** So many more services come, one after the other. */
    join: ({ port = 0, count = 0 }) => middle(count, number => registered(`late_${number}`, port, communicator)),
    effort,
  };
}

function natsSpeaker(): Abilities {
  const bytes = new TextEncoder().encode(text);
  let connection: NatsConnection | undefined;
  return {
    open: async ({ port = 0 }) => {
      connection = await connect({ servers: `127.0.0.1:${port}` });
      return {};
    },
    say: ({ count = 0 }) => {
      for (let said = 0; said < count; said += 1) connection?.publish('news', bytes);
      return {};
    },
    join: ({ port = 0, count = 0 }) =>
      middle(count, async () => {
        const one = await connect({ servers: `127.0.0.1:${port}` });
        one.subscribe('other', { callback: () => undefined });
        await one.flush();
      }),
    effort,
  };
}

serve({ ours, nats, 'our-speaker': ourSpeaker, 'nats-speaker': natsSpeaker });
