// Messages for services that are nowhere at present: kept in a work queue of JetStream until some broker has the service.
// Each is confirmed to the queue when the service has handled it, and not before.
//
//   keep ─▶ stored ─a broker has the service▶ handed out ─handled▶ gone
//              ▲                                  │ refused, no room, or nobody confirms it within 10 s
//              └──────────────────────────────────┘
//   stored ─for longer than its ttl▶ deleted, and reported by the one broker that has deleted it (overdue.ts); never delivered
//
// A message has an id of its own: published twice it is stored once, and handed out twice it is handled once here.

import { randomUUID } from 'node:crypto';
import type { JsMsg } from '@nats-io/jetstream';
import type { Clock } from '../../base/clock.ts';
import { sleep } from '../../base/clock.ts';
import { asError, LimitError, NetworkError, reasonOf } from '../../base/errors.ts';
import type { Message } from '../../message/index.ts';
import { encode } from '../../message/index.ts';
import { markedAgain } from '../../protocol/service/index.ts';
import type { NatsLine } from '../../transport/nats/index.ts';
import type { KeptLimits } from './cluster-options.ts';
import { handling, KeptStream, sameFor } from './jetstream.ts';
import type { OverdueOwner } from './overdue.ts';
import { Overdue } from './overdue.ts';
import { packed, readKept } from './wire.ts';

export interface KeptOwner extends Omit<OverdueOwner, 'late'> {
  readonly clock: Clock;
  /** Words of the services that are here. */
  here(): ReadonlySet<string>;
  /** `left`: for how long it may still wait, in ms. */
  take(message: Message, left: number): Promise<void>;
  /** One has waited for too long: this broker alone tells its sender. */
  expired(message: Message): void;
  /** Something was kept for a service. */
  stored(service: string): void;
  /** What is wrong; nothing any more. */
  trouble(words: string | undefined): void;
}

/** An attempt to store takes so long at most, in ms. */
const storeTime = 5_000;
/** Messages that are handed out at once. */
const batch = 64;
/** Ids of handled messages that are remembered. */
const mostHandled = 10_000;
/** What was refused, or was told nobody of, is looked for again after so many ms. */
const again = 5_000;

export class Kept {
  readonly #prefix: string;
  readonly #limits: KeptLimits;
  readonly #owner: KeptOwner;
  readonly #over = new AbortController();
  readonly #handled = new Set<string>();
  readonly #draining = new Set<string>();
  #opening: Promise<void> | undefined;
  /** JetStream did not answer on it, or said no: it may have no leader at present. */
  #failed: NatsLine | undefined;
  #stream: KeptStream | undefined;
  #looking: Promise<void> | undefined;
  readonly #overdue: Overdue;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(prefix: string, limits: KeptLimits, owner: KeptOwner) {
    this.#prefix = prefix;
    this.#limits = limits;
    this.#owner = owner;
    this.#overdue = new Overdue({
      isFirst: () => owner.isFirst(),
      present: () => owner.present(),
      late: ({ seq, data }) => this.#late(seq, readKept(data).message),
    });
  }

  /** There is a connection. */
  open(line: NatsLine): void {
    this.#failed = undefined;
    const opening = KeptStream.open(line.client, this.#prefix, this.#limits).then(
      stream => {
        if (this.#opening !== opening) return;
        this.#stream = stream;
        this.look();
      },
      (error: unknown) => {
        if (this.#opening !== opening) return;
        this.#failed = line;
        this.#lookedAt = this.#owner.clock.now();
        this.#owner.trouble(`nothing can be kept: ${reasonOf(error)}`);
      },
    );
    this.#opening = opening;
  }

  /** The connection is gone. */
  lost(): void {
    this.#opening = undefined;
    this.#failed = undefined;
    this.#stream = undefined;
  }

  end(): void {
    this.lost();
    this.#over.abort(new NetworkError('ABANDONED', 'the cluster was left before the message was kept'));
  }

  /**
   * True when it is stored; false where that is not possible at present.
   * @throws LimitError OUTBOX_FULL; NetworkError ABANDONED where it may be stored, and nobody knows
   */
  async keep(message: Message, ttl: number): Promise<boolean> {
    const { service } = message.to;
    const until = this.#owner.clock.wall() + Math.min(ttl, this.#limits.age);
    const payload = packed({ until }, [encode(message)]);
    const id = randomUUID();
    const { clock } = this.#owner;
    const begin = clock.now();
    await this.#opening;
    for (let attempts = 0; clock.now() - begin < sameFor - 2 * storeTime; attempts += 1) {
      const stream = this.#stream;
      if (stream === undefined && attempts === 0) return false;
      const outcome = stream === undefined ? 'unknown' : await store(stream, service, id, payload);
      if (outcome === 'stored') {
        this.#owner.stored(service);
        return true;
      }
      if (outcome === 'nowhere' && attempts === 0) return false;
      // It may be stored already: with its id it is not stored twice.
      await sleep(clock, 100, this.#over.signal);
    }
    throw new NetworkError('ABANDONED', `nobody knows whether ${message.command} is kept`);
  }

  /** Looks whether anything is kept for the services that are here; once at a time. */
  look(): void {
    if (this.#stream === undefined || this.#over.signal.aborted) return;
    this.#lookedAt = this.#owner.clock.now();
    this.#looking ??= this.#look(this.#stream)
      .catch((error: unknown) => this.#owner.trouble(`what is kept cannot be looked at: ${reasonOf(error)}`))
      .finally(() => {
        this.#looking = undefined;
      });
  }

  /** As `look`, where that is long ago; what could not be opened is tried again. */
  lookAgain(): void {
    if (this.#owner.clock.now() - this.#lookedAt < again) return;
    if (this.#failed === undefined) this.look();
    else this.open(this.#failed);
  }

  /** Something is kept for a service that may be here. */
  hint(word: string): void {
    const stream = this.#stream;
    if (stream !== undefined && this.#owner.here().has(word)) this.#drain(stream, word);
  }

  async #look(stream: KeptStream): Promise<void> {
    const { count, services } = await stream.state();
    const words = services.filter(word => this.#owner.here().has(word));
    for (const word of words) this.#drain(stream, word);
    if (words.length === 0) this.#owner.trouble(undefined);
    await this.#overdue.look(stream, count, this.#owner.clock.wall());
  }

  /** It will not be delivered: whoever takes it out tells its sender. */
  async #late(seq: number, message: Message | undefined): Promise<void> {
    if (!(await this.#stream?.claim(seq))) return;
    if (message === undefined) this.#owner.trouble('something kept could not be read, and was dropped');
    else this.#owner.expired(message);
  }

  #drain(stream: KeptStream, word: string): void {
    if (this.#draining.has(word)) return;
    this.#draining.add(word);
    this.#empty(stream, word)
      .then(() => this.#owner.trouble(undefined))
      .catch((error: unknown) => {
        if (this.#stream === stream) this.#owner.trouble(`what is kept cannot be fetched: ${reasonOf(error)}`);
      })
      .finally(() => this.#draining.delete(word));
  }

  async #empty(stream: KeptStream, word: string): Promise<void> {
    for (let taken = 1; taken > 0 && this.#stream === stream && this.#owner.here().has(word); ) {
      const under: Promise<boolean>[] = [];
      for await (const packet of await stream.fetch(word, batch)) under.push(this.#hand(packet));
      taken = (await Promise.all(under)).filter(done => done).length;
    }
  }

  /** Whether it is done with. */
  async #hand(packet: JsMsg): Promise<boolean> {
    const { message, until } = readKept(packet.data);
    const id = packet.headers?.get('Nats-Msg-Id') ?? String(packet.seq);
    const left = until - this.#owner.clock.wall();
    try {
      if (message === undefined || left <= 0) await this.#late(packet.seq, message);
      else {
        const handed = packet.redelivered ? markedAgain(message) : message;
        if (!this.#handled.has(id)) await this.#take(handed, left, packet);
        this.#remember(id);
        await packet.ackAck({ timeout: storeTime });
      }
      return true;
    } catch {
      // The service has gone, there is no room, or the confirmation did not get through: it comes again.
      packet.nak(again);
      return false;
    }
  }

  /** While the service has it in hand, nobody else gets it. */
  async #take(message: Message, left: number, packet: JsMsg): Promise<void> {
    const taken = this.#owner.take(message, left);
    const over = new AbortController();
    const stay = async (): Promise<never> => {
      for (;;) {
        await sleep(this.#owner.clock, handling / 3, over.signal);
        packet.working();
      }
    };
    stay().catch(() => undefined);
    await taken.finally(() => over.abort());
  }

  #remember(id: string): void {
    this.#handled.add(id);
    const [oldest] = this.#handled;
    if (this.#handled.size > mostHandled && oldest !== undefined) this.#handled.delete(oldest);
  }
}

/** `nowhere`: it is certain that it is not stored. */
async function store(
  stream: KeptStream,
  service: string,
  id: string,
  payload: Uint8Array,
): Promise<'stored' | 'nowhere' | 'unknown'> {
  try {
    await stream.store(service, id, payload, storeTime);
    return 'stored';
  } catch (thrown) {
    const error = asError(thrown);
    if (/maximum (messages|bytes)/.test(error.message)) throw new LimitError('OUTBOX_FULL', error.message);
    return /no responders|jetstream (is )?not enabled|max_payload/i.test(`${error.name} ${error.message}`)
      ? 'nowhere'
      : 'unknown';
  }
}
