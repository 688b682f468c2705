// JetStream of the official client, loaded when a cluster keeps messages, and the stream they are kept in.

import type { ConsumerMessages, JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { optional } from '../../base/optional.ts';
import { subjectWord } from '../../connection/index.ts';
import type { KeptLimits } from './cluster-options.ts';

/** A message published again with its id within so many ms is kept once. */
export const sameFor = 120_000;
/** A message that was handed out and not confirmed in so many ms is handed out again, here or elsewhere. */
export const handling = 10_000;
/** A consumer that nobody used for so many ms is gone. */
const unused = 3_600_000;
const nanoseconds = 1_000_000;

/** A stored message, as the stream has it. */
export interface KeptText {
  readonly seq: number;
  /** Of its service. */
  readonly word: string;
  readonly data: Uint8Array;
}

/** What is kept, as one life of the client sees it. */
export class KeptStream {
  readonly #name: string;
  readonly #subject: string;
  readonly #client: JetStreamClient;
  readonly #manager: JetStreamManager;

  private constructor(name: string, subject: string, client: JetStreamClient, manager: JetStreamManager) {
    this.#name = name;
    this.#subject = subject;
    this.#client = client;
    this.#manager = manager;
  }

  /** Makes the stream, or makes it as it should be. @throws Error of the client; UsageError MISSING_PACKAGE */
  static async open(client: object, prefix: string, limits: KeptLimits): Promise<KeptStream> {
    const { jetstream, jetstreamManager } = await optional(
      'to keep messages for absent services a cluster needs the package @nats-io/jetstream, which is not installed',
      '@nats-io/jetstream@~3.3.1',
      () => import('@nats-io/jetstream'),
    );
    const name = `${subjectWord(prefix)}-kept`;
    const subject = `${prefix}.kept.`;
    const manager = await jetstreamManager(client as NatsConnection);
    const changeable = {
      subjects: [`${subject}*`],
      max_msgs: limits.count,
      max_bytes: limits.bytes,
      // What is too old is reported, and so it is for the brokers to delete (overdue.ts).
      max_age: 0,
      duplicate_window: Math.min(sameFor, limits.age) * nanoseconds,
      discard: 'new' as const,
      num_replicas: limits.copies,
    };
    const made = await manager.streams.add({ name, retention: 'workqueue', storage: 'file', ...changeable }).catch(
      // There is one with other limits.
      () => manager.streams.update(name, changeable),
    );
    return new KeptStream(made.config.name, subject, jetstream(client as NatsConnection), manager);
  }

  /** Resolves when it is stored. @throws Error of the client */
  async store(service: string, id: string, payload: Uint8Array, ms: number): Promise<void> {
    await this.#client.publish(this.#subject + subjectWord(service), payload, { msgID: id, timeout: ms, retries: 0 });
  }

  /** How much is kept, and the words of the services for which something is. */
  async state(): Promise<{ readonly count: number; readonly services: string[] }> {
    const { state } = await this.#manager.streams.info(this.#name, { subjects_filter: `${this.#subject}*` });
    return { count: state.messages, services: Object.keys(state.subjects ?? {}).map(subject => this.#word(subject)) };
  }

  /** The message of this number; undefined where it is gone. */
  read(seq: number): Promise<KeptText | undefined> {
    return this.#get({ seq });
  }

  /** The first message of this number or a higher one. */
  readFrom(seq: number): Promise<KeptText | undefined> {
    return this.#get({ seq, next_by_subj: `${this.#subject}*` });
  }

  /** Takes it out for good; false where somebody else has, or it was handled: of several who try, one gets true. */
  async claim(seq: number): Promise<boolean> {
    try {
      return await this.#manager.streams.deleteMessage(this.#name, seq, false);
    } catch (error) {
      if ((await this.read(seq)) !== undefined) throw error;
      return false;
    }
  }

  /** The next messages for a service, by its word; they come within a second, or there are none. */
  async fetch(word: string, most: number): Promise<ConsumerMessages> {
    const consumer = `to-${word}`;
    await this.#manager.consumers.add(this.#name, {
      durable_name: consumer,
      filter_subject: this.#subject + word,
      ack_policy: 'explicit',
      ack_wait: handling * nanoseconds,
      max_ack_pending: 256,
      inactive_threshold: unused * nanoseconds,
    });
    const handle = await this.#client.consumers.get(this.#name, consumer);
    return handle.fetch({ max_messages: most, expires: 1_000 });
  }

  async #get(query: { seq: number; next_by_subj?: string }): Promise<KeptText | undefined> {
    const stored = await this.#manager.streams.getMessage(this.#name, query);
    return stored === null ? undefined : { seq: stored.seq, word: this.#word(stored.subject), data: stored.data };
  }

  #word(subject: string): string {
    return subject.slice(this.#subject.length);
  }
}
