// The message: a command, its parameters, who sent it and whom it is for. A value: nothing changes it.
//
// Parameters are one flat list [name, value, name, value, …]: for the few that a message has, looking along it
// is faster than any map, and a message that nobody looks into costs nothing. Past `mapFrom` they are indexed.

import { asError, PeerError } from '../base/errors.ts';
import { ownText } from '../base/own-text.ts';
import * as names from './names.ts';
import type { HostPort, Timespec, Value, Values } from './values.ts';
import * as values from './values.ts';

/** Version that `REGISTER version=1` and its like carry. */
export const messageVersion = 1;
/** Carries the number of a request, and in its answer the same number. C++ peers ignore both. */
export const requestParameter = '_request';
export const answerParameter = '_answer';
/** Carries the offer of a session, with its secret. C++ peers ignore it too. */
export const offerParameter = '_session';

/** Where a message comes from or goes to; empty text means: not said. */
export interface Place {
  readonly server: string;
  readonly service: string;
}

export interface Addressing {
  readonly to?: Partial<Place>;
  readonly from?: Partial<Place>;
}

export type TextParameters = Readonly<Record<string, string>>;

const nowhere: Place = { server: '', service: '' };
const mapFrom = 16;
/** The bits of names where nobody has looked: all. */
export const anyName: number = -1;

export class Message<P = TextParameters> {
  readonly command: string;
  readonly from: Place;
  readonly to: Place;
  /** Names and values in turn, in the order of arrival; of two with one name the later counts. */
  readonly list: readonly string[];
  #parameters: P | undefined;
  #index: Map<string, string> | undefined;
  #line = '';
  #size = 0;
  /** A bit for each name that it may have: most questions are about names that it has not. */
  #names = anyName;

  /** For codecs: takes all as given. Programs write `Message.of`. */
  constructor(command: string, list: readonly string[] = [], from: Place = nowhere, to: Place = nowhere) {
    this.command = command;
    this.list = list;
    this.from = from;
    this.to = to;
  }

  /**
   * A new message; parameters that are undefined are left out.
   * @throws UsageError INVALID_NAME, INVALID_VALUE
   */
  static of(command: string, parameters: Values = {}, { from, to }: Addressing = {}): Message {
    return new Message(names.command(command), listOf(parameters), sender(from), target(to));
  }

  /**
   * For codecs: as it was read. `line` is what they would write for all but the sender, or empty where it is not known to be so;
   * `size` its bytes, or 0; `names` the `nameBit` of all its names.
   */
  asRead(line: string, size: number, names: number): this {
    this.#line = line;
    this.#size = size;
    this.#names = names;
    return this;
  }

  /** For codecs: the line as it was read, from the target on; empty where it must be written anew. */
  get line(): string {
    return this.#line;
  }

  /** The bytes of that line; 0 where nobody has counted. */
  get size(): number {
    return this.#size;
  }

  /** For the door: a parameter's name that is outside the grammar. Only JSON can bring one. */
  get oddName(): string | undefined {
    return undefined;
  }

  /** The parameters by name: text, or typed values where a definition read the message. */
  get parameters(): P {
    this.#parameters ??= Object.freeze(Object.assign(Object.create(null), Object.fromEntries(this.entries()))) as P;
    return this.#parameters;
  }

  /** A parameter's text; undefined where the message has none of that name. */
  get(name: string): string | undefined {
    if ((this.#names & nameBit(name.charCodeAt(0), name.length)) === 0) return undefined;
    const { list } = this;
    if (list.length > 2 * mapFrom) {
      this.#index ??= this.entries();
      return this.#index.get(name);
    }
    for (let at = list.length - 2; at >= 0; at -= 2) {
      if (list[at] === name) return list[at + 1];
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Names and texts; of two with one name only the later. */
  entries(): Map<string, string> {
    const found = new Map<string, string>();
    for (let at = 0; at < this.list.length; at += 2) found.set(this.list[at] ?? '', this.list[at + 1] ?? '');
    return found;
  }

  /** Names and texts as codecs write them: by name in byte order, of two with one name only the later. */
  sorted(): [name: string, text: string][] {
    return [...this.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** @throws PeerError INVALID_PARAMETER where it is missing. */
  string(name: string): string {
    const text = this.get(name);
    if (text !== undefined) return text;
    throw new PeerError('INVALID_PARAMETER', `parameter ${name} is missing`, this.command);
  }

  /** An integer that a number holds exactly; past 2^53 ask for `bigint`. @throws PeerError INVALID_PARAMETER */
  integer(name: string): number {
    return this.#read(name, values.readInteger);
  }

  /** An integer of 64 bits. @throws PeerError INVALID_PARAMETER */
  bigint(name: string): bigint {
    return this.#read(name, values.readBigint);
  }

  /** `true` or `false`. @throws PeerError INVALID_PARAMETER */
  boolean(name: string): boolean {
    return this.#read(name, values.readBoolean);
  }

  /** Seconds with up to nine digits of fraction. @throws PeerError INVALID_PARAMETER */
  timespec(name: string): Timespec {
    return this.#read(name, values.readTimespec);
  }

  /** `host:port`, IPv6 in brackets. @throws PeerError INVALID_PARAMETER */
  address(name: string): HostPort {
    return this.#read(name, values.readHostPort);
  }

  /** Whether parameter `version` is 1. @throws PeerError INVALID_PARAMETER where it is missing or no integer. */
  isOurVersion(): boolean {
    return this.integer('version') === messageVersion;
  }

  /**
   * The answer to this message: goes to where it came from, and carries the number of a request.
   * @throws UsageError INVALID_NAME
   */
  reply(command: string, parameters: Values = {}): Message {
    const list = listOf(parameters);
    const request = this.get(requestParameter);
    if (request !== undefined) list.push(answerParameter, request);
    return new Message(names.command(command), list, nowhere, target(this.from));
  }

  /** The same with parameters added or replaced. @throws UsageError INVALID_NAME, INVALID_VALUE */
  with(parameters: Values): Message {
    return new Message(this.command, [...this.list, ...listOf(parameters)], this.from, this.to);
  }

  /** For those who know that the name is good, and new here: the same with one parameter more, in its place where it is the first. */
  plus(name: string, text: string): Message {
    const { list } = this;
    const isFirst = list.length === 0 || name < (list[0] ?? '');
    return new Message(this.command, isFirst ? [name, text, ...list] : [...list, name, text], this.from, this.to);
  }

  /** The same without a parameter. */
  without(name: string): Message {
    const list = this.list.filter((_, at) => this.list[at - (at % 2)] !== name);
    return new Message(this.command, list, this.from, this.to);
  }

  /** For those who pass messages on: the same from somebody else, whose name was looked at. */
  sentBy(from: Place): Message {
    const copy = new Message(this.command, this.list, from, this.to);
    return copy.asRead(this.#line, this.#size, this.#names);
  }

  /** The same with parameter `version` set to 1. */
  withVersion(): Message {
    return this.with({ version: messageVersion });
  }

  /** The same with other addressing; a part that is not given stays. @throws UsageError INVALID_NAME */
  addressed({ from, to }: Addressing): Message<P> {
    const newFrom = from === undefined ? this.from : sender({ ...this.from, ...from });
    const newTo = to === undefined ? this.to : target({ ...this.to, ...to });
    const copy = new Message<P>(this.command, this.list, newFrom, newTo);
    copy.#parameters = this.#parameters;
    return copy;
  }

  /** For definitions: the same with its parameters already read. */
  typed<T>(parameters: T): Message<T> {
    const copy = new Message<T>(this.command, this.list, this.from, this.to);
    copy.#parameters = parameters;
    return copy;
  }

  /**
   * For whoever keeps it for long: from now on it keeps nothing but its own texts. Those of a message that came in keep the chunk
   * that they were cut from, up to 64 KiB. What a definition has read of it stays as it is. It remains the same value.
   */
  own(): void {
    const list = this.list as string[];
    for (let at = 0; at < list.length; at += 1) list[at] = ownText(list[at] as string);
    (this as { command: string }).command = ownText(this.command);
    ownPlace(this.from);
    ownPlace(this.to);
    this.#index = undefined;
  }

  #read<T>(name: string, read: (text: string) => T): T {
    const text = this.string(name);
    try {
      return read(text);
    } catch (error) {
      const reason = `parameter ${name}: ${asError(error).message}`;
      throw new PeerError('INVALID_PARAMETER', reason, this.command, { cause: error });
    }
  }
}

/** For codecs: the bit of a name, by its first character and its length. */
export function nameBit(first: number, length: number): number {
  return 1 << ((first + length) & 31);
}

function listOf(parameters: Values): string[] {
  const list: string[] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) list.push(names.name('parameter', name), values.writeValue(name, value as Value));
  }
  return list;
}

function ownPlace(place: { server: string; service: string }): void {
  if (place === nowhere) return;
  place.server = ownText(place.server);
  place.service = ownText(place.service);
}

function sender(from: Partial<Place> | undefined): Place {
  if (from === undefined) return nowhere;
  const { server = '', service = '' } = from;
  if (server !== '') names.name('server', server);
  if (service !== '') names.name('service', service);
  return { server, service };
}

function target(to: Partial<Place> | undefined): Place {
  if (to === undefined) return nowhere;
  const { server = '', service = '' } = to;
  if (server === '' && service === '') return nowhere;
  return { server: names.target('server', server), service: names.target('service', service) };
}
