// Text messages and events meet: chosen commands are emitted as events, and chosen events are sent as text messages.
//
// What has crossed carries the bridges that it crossed in `_bridge`. No bridge takes what it has taken before, so nothing goes
// round, not with two bridges between the same two worlds either. Foreign peers ignore a parameter that they do not know.

import { randomBytes } from 'node:crypto';
import { UsageError } from '../../../base/errors.ts';
import { refuseUnknown } from '../../../base/options.ts';
import type { Dispatcher } from '../../../dispatcher/index.ts';
import { answerParameter, Message, offerParameter, requestParameter } from '../../../message/index.ts';
import type { EventsClient } from '../client.ts';
import { checkedName } from '../wire.ts';

export interface BridgeOptions {
  /** Whose messages are looked at. */
  readonly dispatcher: Dispatcher;
  /** Commands that become events of the same name; other rules for them go on. @default none */
  readonly commands?: readonly string[] | undefined;
  /** Events that become commands of the same name. @default none */
  readonly events?: readonly string[] | undefined;
  /** Where those go: `message => peer.send(message)`, say. */
  readonly send: (message: Message) => unknown;
}

/** Carries the bridges that a message or an event has crossed. */
export const bridgeParameter = '_bridge';
const separator = '+';
/** After so many bridges nothing goes on. */
const mostHops = 8;
/** They belong to one connection, and mean nothing behind a bridge. */
const ofConnections: ReadonlySet<string> = new Set([requestParameter, answerParameter, offerParameter]);

const known: { [K in keyof Required<BridgeOptions>]: 0 } = { dispatcher: 0, commands: 0, events: 0, send: 0 };

export class Bridge {
  readonly counts = { toEvents: 0, toMessages: 0, stopped: 0 };
  readonly #client: EventsClient;
  readonly #options: BridgeOptions;
  readonly #id: string = randomBytes(6).toString('hex');

  /** @throws UsageError INVALID_NAME, INVALID_VALUE, UNKNOWN_OPTION, DUPLICATE_RULE */
  constructor(client: EventsClient, options: BridgeOptions) {
    refuseUnknown('bridge', known, options);
    const { dispatcher, commands = [], events = [], send } = options;
    if (typeof send !== 'function') throw new UsageError('INVALID_VALUE', 'send of a bridge is no function');
    this.#client = client;
    this.#options = options;
    for (const name of [...commands, ...events]) checkedName(name);
    for (const command of commands) {
      dispatcher.observe(command, message => this.#toEvent(message), { tag: this.#id });
      // So that a command which is for the bridge alone is not unknown.
      dispatcher.on(command, () => undefined, { tag: this.#id, fallback: true });
    }
    for (const event of events) {
      client.register(event, (_event, ...content) => this.#toMessage(event, content), { uid: this.#id });
    }
  }

  /** Takes its rules and callbacks back. */
  close(): void {
    this.#options.dispatcher.remove(this.#id);
    for (const event of this.#options.events ?? []) this.#client.unregister(event, this.#id);
  }

  #toEvent(message: Message): void {
    const path = this.#pathBehind(message.get(bridgeParameter));
    if (path === undefined) return;
    const entries = [...message.entries()].filter(([name]) => !ofConnections.has(name));
    this.#client.emit(message.command, { ...Object.fromEntries(entries), [bridgeParameter]: path });
    this.counts.toEvents += 1;
  }

  #toMessage(event: string, content: readonly unknown[]): unknown {
    const [first] = content;
    const isDict = content.length === 1 && typeof first === 'object' && first !== null && !Array.isArray(first);
    const entries = isDict ? Object.entries(first) : content.map((value, at) => [`value${at + 1}`, value] as const);
    const parameters = Object.fromEntries(entries.map(([name, value]) => [name, textOf(value)]));
    const path = this.#pathBehind(parameters[bridgeParameter]);
    if (path === undefined) return undefined;
    const message = Message.of(event, { ...parameters, [bridgeParameter]: path });
    this.counts.toMessages += 1;
    return this.#options.send(message);
  }

  /** The way with this bridge at its end; undefined where it goes no further. */
  #pathBehind(path = ''): string | undefined {
    const hops = path === '' ? [] : path.split(separator);
    if (!hops.includes(this.#id) && hops.length < mostHops) return [...hops, this.#id].join(separator);
    this.counts.stopped += 1;
    return undefined;
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return value === null || value === undefined ? '' : JSON.stringify(value);
}
