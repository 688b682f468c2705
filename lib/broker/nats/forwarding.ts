// All messages for other brokers, and all from them: one route for each of the others, and one intake.
//
// While NATS is away any name may be that of a broker which nobody has seen yet. What waits for all of those shares the room of
// one, so that made-up names take nothing from the others.

import { randomUUID } from 'node:crypto';
import type { Cancel, Clock } from '../../base/clock.ts';
import { LimitError, NetworkError, PeerError, Refusal } from '../../base/errors.ts';
import type { QueueLimits } from '../../base/queue.ts';
import type { Nats } from '../../connection/index.ts';
import type { Message } from '../../message/index.ts';
import { encode } from '../../message/index.ts';
import type { NatsPacket } from '../../transport/nats/index.ts';
import { NotHere } from '../cluster.ts';
import { Intake } from './intake.ts';
import { Route } from './route.ts';
import type { Outcome, Subjects } from './wire.ts';
import { notHere, packed, readCarriage, readReturn, unpacked } from './wire.ts';

export interface ForwardingOwner {
  readonly server: string;
  readonly nats: Pick<Nats, 'line' | 'longest' | 'publish' | 'subscribe'>;
  readonly subjects: Subjects;
  readonly outbox: QueueLimits;
  readonly clock: Clock;
  take(message: Message): Promise<void>;
  /** Whether a broker of that name has been seen. */
  isKnown(server: string): boolean;
}

/** Names that nobody has seen, for which something waits. */
const mostUnseen = 1_000;

/** Room for what stands around a message in a packet. */
const headRoom = 2_048;

export class Forwarding {
  readonly #owner: ForwardingOwner;
  readonly #routes = new Map<string, Route>();
  readonly #intake: Intake;
  readonly #life = randomUUID();
  readonly #due = new Set<string>();
  readonly #untold = new Set<string>();
  readonly #leave: readonly Cancel[];
  #emptied: () => void = () => undefined;
  #made = 0;

  /** Begins to listen. */
  constructor(owner: ForwardingOwner) {
    this.#owner = owner;
    this.#intake = new Intake({ take: message => owner.take(message), tell: from => this.#tellSoon(from) });
    const { nats, subjects, server } = owner;
    this.#leave = [
      nats.subscribe(subjects.to(server), packet => this.#arrive(packet)),
      nats.subscribe(subjects.re(server), packet => this.#returned(packet)),
    ];
  }

  get waiting(): number {
    return [...this.#routes.values()].reduce((sum, { length }) => sum + length, 0);
  }

  get bytes(): number {
    return [...this.#routes.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Resolves when it was handled there. @throws LimitError, PeerError REFUSED (a Refusal), NetworkError ABANDONED */
  forward(server: string, message: Message): Promise<void> {
    const { clock, outbox, nats } = this.#owner;
    const line = encode(message);
    const bytes = Buffer.byteLength(line);
    return new Promise((resolve, reject) => {
      if (bytes + headRoom > nats.longest) {
        throw new LimitError('BODY_TOO_LONG', `${bytes} bytes, NATS takes ${nats.longest}`);
      }
      const settle = (outcome: Outcome | Error): void => {
        if (outcome instanceof Error) return reject(outcome);
        const error = errorOf(outcome);
        if (error === undefined) resolve();
        else reject(error);
      };
      if (!this.#owner.isKnown(server)) this.#checkUnseen(server, bytes);
      this.#routeTo(server).add({ line, bytes, expires: clock.now() + outbox.age, settle });
      this.#pumpSoon(server);
    });
  }

  /** There is a connection: asks what came through, and goes on. */
  opened(): void {
    this.#ask();
    for (const server of this.#routes.keys()) this.#pumpSoon(server);
  }

  /** Once in a while: asks for what may have been lost, and gives up on what is too old. */
  beat(): void {
    for (const [server, route] of this.#routes) {
      route.expire(this.#owner.clock.now());
      if (route.length === 0 && !this.#owner.isKnown(server)) this.#routes.delete(server);
    }
    this.#look();
    if (this.#owner.nats.line !== undefined) this.#ask();
  }

  /** That broker will not come back; what waits for it does so until it expires. */
  forget(server: string): void {
    this.#intake.forget(server);
    if (this.#routes.get(server)?.length === 0) this.#routes.delete(server);
  }

  /** Resolves when nothing is under way, or after so many ms. */
  async settled(patience: number): Promise<void> {
    await new Promise<void>(resolve => {
      const cancel = this.#owner.clock.after(patience, resolve);
      this.#emptied = () => {
        cancel();
        resolve();
      };
      this.#look();
    });
  }

  /** Ends; what has no outcome has none. */
  end(): void {
    for (const leave of this.#leave) leave();
    const left = new NetworkError('ABANDONED', 'the cluster was left before it was confirmed');
    for (const route of this.#routes.values()) route.abandon(left);
    this.#look();
  }

  /** @throws Refusal where names that nobody has seen have taken all of their room */
  #checkUnseen(server: string, bytes: number): void {
    const { count, bytes: most } = this.#owner.outbox;
    const unseen = [...this.#routes].filter(([name]) => !this.#owner.isKnown(name));
    const isNew = !this.#routes.has(server);
    const messages = unseen.reduce((sum, [, { length }]) => sum + length, 0);
    const held = unseen.reduce((sum, [, route]) => sum + route.bytes, 0);
    if (messages < count && held + bytes <= most && !(isNew && unseen.length >= mostUnseen)) return;
    const words = `${messages} messages, ${held} bytes wait for ${unseen.length} servers that nobody has seen`;
    throw new Refusal(words, undefined, { cause: new LimitError('OUTBOX_FULL', words) });
  }

  #routeTo(server: string): Route {
    const known = this.#routes.get(server);
    if (known !== undefined) return known;
    this.#made += 1;
    const route = new Route(`${this.#life}.${this.#made}`, this.#owner.outbox);
    this.#routes.set(server, route);
    return route;
  }

  /** Gathers what is forwarded in one turn. */
  #pumpSoon(server: string): void {
    if (this.#due.size === 0) queueMicrotask(() => this.#pumpAll());
    this.#due.add(server);
  }

  #pumpAll(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const server of due) this.#pump(server);
  }

  #pump(to: string): void {
    const { nats, subjects, server } = this.#owner;
    const route = this.#routes.get(to);
    while (nats.line !== undefined) {
      const packet = route?.next();
      if (packet === undefined) return;
      this.#publish(subjects.to(to), packed({ from: server, ...packet.head }, packet.lines));
    }
  }

  #ask(): void {
    const { subjects, server } = this.#owner;
    for (const [to, route] of this.#routes) {
      const question = route.question();
      if (question !== undefined) this.#publish(subjects.to(to), packed({ from: server, ...question }));
    }
  }

  #arrive({ bytes }: NatsPacket): void {
    const { head, lines } = unpacked(bytes);
    const carriage = readCarriage(head);
    if (carriage === undefined) return;
    const answer = this.#intake.arrive(carriage, lines);
    if (answer !== undefined) this.#answer(carriage.from, answer);
  }

  #returned({ bytes }: NatsPacket): void {
    const { head } = unpacked(bytes);
    const answer = readReturn(head);
    const from = String(head.from);
    const route = this.#routes.get(from);
    if (answer === undefined || route === undefined) return;
    route.returned(answer);
    this.#pumpSoon(from);
    this.#look();
  }

  /** Gathers what happens in one turn of the loop. */
  #tellSoon(from: string): void {
    if (this.#untold.size === 0) setImmediate(() => this.#tellAll());
    this.#untold.add(from);
  }

  #tellAll(): void {
    const untold = [...this.#untold];
    this.#untold.clear();
    for (const from of untold) {
      const news = this.#intake.news(from);
      if (news !== undefined) this.#answer(from, news);
    }
  }

  #answer(to: string, answer: object): void {
    const { subjects, server } = this.#owner;
    this.#publish(subjects.re(to), packed({ from: server, ...answer }));
  }

  /** What cannot go out now is asked for later. */
  #publish(subject: string, bytes: Buffer): void {
    try {
      this.#owner.nats.publish(subject, bytes);
    } catch {
      // It is full, or it ends.
    }
  }

  #look(): void {
    if (this.waiting === 0) this.#emptied();
  }
}

function errorOf([, code, words = '']: Outcome): Error | undefined {
  if (code === undefined) return undefined;
  if (code === notHere) return new NotHere(words);
  if (code === 'REFUSED') return new Refusal(words);
  if (code === 'NOT_ALLOWED') return new PeerError(code, words);
  if (code === 'OUTBOX_FULL' || code === 'EXPIRED' || code === 'DROPPED') return new LimitError(code, words);
  return new NetworkError('ABANDONED', words);
}
