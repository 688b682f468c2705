// Messages in packets: one packet, one message, and no promise that it arrives.
//
//   idle ─start▶ opening ─bound▶ open ─stop▶ closed
//                   └────failed, stop─────────▲        idle ─stop▶ closed
//
// Nothing is answered by itself, neither to a bad message nor to an unknown one: the sender's address may be
// forged. A handler that calls `send` answers the sender.

import type { Address } from '../base/address.ts';
import { formatAddress, parseAddress } from '../base/address.ts';
import { NetworkError, PeerError, reasonOf, UsageError } from '../base/errors.ts';
import { guarded } from '../base/guard.ts';
import { refuseUnknown } from '../base/options.ts';
import type { StateTable } from '../base/state-table.ts';
import { StateMachine } from '../base/state-table.ts';
import type { Allow, Correspondent, Dispatcher, Receipt, Sending } from '../dispatcher/index.ts';
import { allow, secretMatches, secretParameter, unhandled } from '../dispatcher/index.ts';
import { pack, unpack } from '../framing/index.ts';
import { often } from '../logging/index.ts';
import type { Message } from '../message/index.ts';
import { admit, decode, encode } from '../message/index.ts';
import type { PacketSocket, PacketTransport } from '../transport/index.ts';
import type { ConnectionOptions, Owner } from './connection.ts';
import { BoundConnection } from './parts/bound-connection.ts';

export type DatagramState = 'idle' | 'opening' | 'open' | 'closed';
type DatagramEvent = 'start' | 'bound' | 'failed' | 'stop';

export const datagramTable: StateTable<DatagramState, DatagramEvent> = {
  idle: { start: 'opening', stop: 'closed' },
  opening: { bound: 'open', failed: 'closed', stop: 'closed' },
  open: { stop: 'closed' },
  closed: {},
};

export interface BindOptions extends ConnectionOptions {
  /** Who handles what comes in. */
  readonly dispatcher: Dispatcher;
  /** Only messages with this `secret_code` are handled. @default none is asked for */
  readonly secret?: string | undefined;
  /** Who may send what. The address of a sender may be forged. @default `allow.usual` */
  readonly allow?: Allow | undefined;
}

const known = { name: 0, priority: 0, dispatcher: 0, secret: 0, allow: 0 };

export type DatagramEvents = { listening: [address: string]; close: [] };

/** Packets by what became of them. */
interface Counters {
  received: number;
  handled: number;
  sent: number;
  tooLong: number;
  invalid: number;
  wrongSecret: number;
  notAllowed: number;
  unknown: number;
  failed: number;
}

/** `ready` gives the address once it is bound, with the port that the system gave. */
export class Datagram extends BoundConnection<DatagramState, DatagramEvent, DatagramEvents, PacketSocket> {
  readonly #address: Address;
  readonly #options: BindOptions;
  readonly #counters: Counters = {
    received: 0,
    handled: 0,
    sent: 0,
    tooLong: 0,
    invalid: 0,
    wrongSecret: 0,
    notAllowed: 0,
    unknown: 0,
    failed: 0,
  };
  #transport: PacketTransport | undefined;

  /** @throws UsageError INVALID_ADDRESS, INVALID_VALUE, UNKNOWN_OPTION, OUT_OF_RANGE */
  constructor(address: string, options: BindOptions, kind = 'datagram') {
    const { name = address, priority } = options;
    super(kind, { name, priority }, new StateMachine(datagramTable, 'idle'));
    refuseUnknown('bind', known, options);
    if (options.secret === '') throw new UsageError('INVALID_VALUE', 'a secret cannot be empty');
    this.#address = parseAddress(address, 'udp');
    this.#options = options;
  }

  /**
   * Sends a message to an address; resolves when the system has taken it, which does not say that it arrives.
   * @throws LimitError DATAGRAM_TOO_LONG, NetworkError CLOSED, UsageError INVALID_ADDRESS
   */
  async sendTo(address: string, message: Message<unknown> | string): Promise<void> {
    await this.#sendTo(parseAddress(address, 'udp'), message);
  }

  protected override begin(owner: Owner): void {
    const transport = owner.packetTransport(this.#address);
    this.machine.step('start');
    const events = {
      packet: (bytes: Buffer, from: Address) => this.#received(bytes, from, owner),
      trouble: (error: Error) => this.#trouble(reasonOf(error)),
    };
    const opening = transport.then(found => {
      this.#transport = found;
      return found.bind(this.#address, events);
    });
    this.open(opening, 'bound', 'bound to');
  }

  protected override details(): object {
    return { address: this.address, ...this.#counters };
  }

  #received(bytes: Buffer, from: Address, owner: Owner): void {
    this.#counters.received += 1;
    if (!this.enabled || this.state !== 'open') return;
    const text = unpack(bytes, this.#transport?.longest ?? 0);
    if (text === undefined) return this.#drop('tooLong', `a packet of ${bytes.length} bytes`);
    try {
      const message = decode(text);
      if (message === undefined) return this.#drop('invalid', 'an empty packet');
      if (!this.#secretIsRight(message)) return this.#drop('wrongSecret', 'a wrong secret code');
      if (admit(message) === 'unknown') return this.#drop('unknown', `command ${message.command}`);
      this.#handle(message, from, owner);
    } catch (error) {
      this.#drop('invalid', reasonOf(error));
    }
  }

  #handle(message: Message, from: Address, owner: Owner): void {
    const failed = (error: unknown): void => {
      // The sender's fault: there is no such service, say.
      if (error instanceof PeerError) return this.#drop('failed', reasonOf(error));
      this.#counters.failed += 1;
      const { command } = message;
      const fields = { command, error, [often]: `handler of ${command}` };
      this.log('error', `handler of ${command} failed: ${reasonOf(error)}`, fields);
    };
    const peer = this.#sender(from, owner);
    const verdict = (this.#options.allow ?? allow.usual)(message, { remote: peer.remote, peer });
    if (verdict !== true) return this.#drop('notAllowed', `${message.command} is not allowed`);
    guarded(() => {
      const result = this.#options.dispatcher.dispatch(message, peer);
      if (result === unhandled) return this.#drop('unknown', `command ${message.command}`);
      this.#counters.handled += 1;
      return result;
    }, failed);
  }

  #secretIsRight(message: Message): boolean {
    const { secret } = this.#options;
    if (secret !== undefined) return secretMatches(message, secret);
    if (message.has(secretParameter)) this.#trouble('a secret code came, and none is asked for');
    return true;
  }

  /** Whoever sent the packet, as a handler's correspondent. */
  #sender(from: Address, owner: Owner): Correspondent {
    const { name } = this;
    const send = (message: Message<unknown> | string): Sending => {
      this.#sendTo(from, message).catch((error: unknown) => this.#trouble(reasonOf(error)));
      return 'sent';
    };
    const request = (): Promise<Message> =>
      Promise.reject(new UsageError('ILLEGAL_STEP', 'a request needs a connection, a datagram has none'));
    const { logger } = owner;
    const guarantee = 'at-most-once';
    const deliver = async (message: Message<unknown> | string): Promise<Receipt> => {
      await this.#sendTo(from, message);
      return { guarantee };
    };
    const close = (): void => undefined;
    return { name, remote: formatAddress(from), logger, guarantee, send, request, deliver, close };
  }

  async #sendTo(to: Address, message: Message<unknown> | string): Promise<void> {
    const socket = this.bound;
    if (socket === undefined || this.state !== 'open') throw new NetworkError('CLOSED', `${this.name} is not open`);
    await socket.send(pack(encode(this.#options.dispatcher.outgoing(message)), this.#transport?.longest ?? 0), to);
    this.#counters.sent += 1;
  }

  #drop(counter: keyof Counters, what: string): void {
    this.#counters[counter] += 1;
    this.#trouble(`dropped: ${what}`);
  }

  #trouble(text: string): void {
    this.log('warn', text, { [often]: `trouble of ${this.name}` });
  }
}
