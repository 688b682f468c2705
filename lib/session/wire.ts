// What sessions say on the wire (README.md has the transcript). Pure: messages in, plain data out.

import { randomBytes } from 'node:crypto';
import { PeerError } from '../base/errors.ts';
import { Message, offerParameter } from '../message/index.ts';

/** Marks the life signs of the session among those of programs. */
export const beatSerial = 'beat';

/** A session's name: the public half may be logged, the other proves that it is one's own. */
export interface SessionKey {
  readonly id: string;
  readonly secret: string;
}

/**
 * What the message that carries an offer is: the `first` of the session; or outside of the count, `ahead` of the
 * first; or outside, and the session goes on (`resume`) where SESSION says.
 */
export type Carrier = 'resume' | 'first' | 'ahead';

export interface Offer extends SessionKey {
  readonly carrier: Carrier;
}

/** What SESSION says. */
export interface Agreement {
  readonly id: string;
  /** Names this life of the session at the server: another one means that the server has forgotten. */
  readonly epoch: string;
  /** Messages of the other side that were taken up; undefined where the counting process is new and begins at 0. */
  readonly received: number | undefined;
}

/** Marks a message that was on its way before, so that it, or a part of it, may have been handled. C++ peers ignore it. */
export const againParameter = '_again';

const carriers: readonly Carrier[] = ['resume', 'first', 'ahead'];
const offerPattern = /^([0-9a-f]{16})\.([0-9a-f]{32})\.([012])$/;

export function newKey(): SessionKey {
  return { id: randomBytes(8).toString('hex'), secret: randomBytes(16).toString('hex') };
}

export function newEpoch(): string {
  return randomBytes(4).toString('hex');
}

/** The commands of sessions and life signs, and what is said about SESSION: neither side counts them. */
export function isCounted(message: Message<unknown>): boolean {
  const { command } = message;
  if (command === 'ACK' || command === 'SESSION' || command === 'ALIVE' || command === 'ABSOLUTELY') return false;
  return command !== 'INVALID' || message.get('command') !== 'SESSION';
}

/** The same message, marked as one that may come again. */
export function markedAgain(message: Message<unknown>): Message {
  return (message.has(againParameter) ? message : message.with({ [againParameter]: true })) as Message;
}

/** The message with the offer on it. */
export function withOffer(message: Message<unknown>, { id, secret, carrier }: Offer): Message {
  return message.with({ [offerParameter]: `${id}.${secret}.${carriers.indexOf(carrier)}` });
}

/** @throws PeerError INVALID_PARAMETER where there is an offer that cannot be read */
export function readOffer(message: Message<unknown>): Offer | undefined {
  const text = message.get(offerParameter);
  if (text === undefined) return undefined;
  const [, id, secret, digit] = offerPattern.exec(text) ?? [];
  const carrier = carriers[Number(digit)];
  if (id === undefined || secret === undefined || carrier === undefined) {
    throw new PeerError('INVALID_PARAMETER', `parameter ${offerParameter} is no session`, message.command);
  }
  return { id, secret, carrier };
}

/** The session is on: where to go on. */
export function agreementMessage({ id, epoch, received }: Agreement): Message {
  return Message.of('SESSION', { id, epoch, received: received ?? 'none' });
}

/** @throws PeerError INVALID_PARAMETER */
export function readAgreement(message: Message<unknown>): Agreement {
  const received = message.get('received') === 'none' ? undefined : count(message, 'received');
  return { id: message.string('id'), epoch: message.string('epoch'), received };
}

/** Nothing follows: the session ends with this link. */
export function farewellMessage(id: string): Message {
  return Message.of('SESSION', { id, over: true });
}

/** A session is refused: the link goes on without. */
export function refusalMessage(reason: string): Message {
  return Message.of('INVALID', { command: 'SESSION', message: reason });
}

/** Whether the other side wants no session, or does not know what it is, or could not even read the offer. */
export function isRefusal(message: Message<unknown>): boolean {
  if (message.command !== 'INVALID' && message.command !== 'UNKNOWN') return false;
  const about = message.get('command');
  return about === 'SESSION' || about === 'ALIVE' || about === undefined;
}

export function beatMessage(): Message {
  return Message.of('ALIVE', { serial: beatSerial });
}

/** What ACK says. */
export interface Ack {
  /** So many messages are handled. */
  readonly count: number;
  /** The numbers of those among them, and of those beyond, that were not taken. */
  readonly refused: readonly number[];
  /** Handled too, behind one that still is being handled. */
  readonly beyond?: readonly number[];
  /** The sender waits for an ACK of ours. */
  readonly asks: boolean;
}

export function ackMessage({ count, refused, beyond = [], asks }: Ack): Message {
  return Message.of('ACK', {
    ask: asks || undefined,
    beyond: beyond.length === 0 ? undefined : rangesOf(beyond),
    count,
    refused: refused.length === 0 ? undefined : refused.join(','),
  });
}

/** @throws PeerError INVALID_PARAMETER */
export function readAck(message: Message<unknown>): Ack {
  const refused = message.get('refused') ?? '';
  if (!/^(?:\d{1,16}(?:,\d{1,16})*)?$/.test(refused)) {
    throw new PeerError('INVALID_PARAMETER', 'parameter refused is no list of numbers', message.command);
  }
  return {
    count: count(message, 'count'),
    refused: refused === '' ? [] : refused.split(',').map(Number),
    asks: message.get('ask') === 'true',
    ...(message.has('beyond') ? { beyond: numbersOf(message) } : {}),
  };
}

/** `5-9,12`. */
function rangesOf(numbers: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range !== undefined && number === range[1] + 1) range[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/** No window is so large. */
const mostBeyond = 100_000;

/** @throws PeerError INVALID_PARAMETER */
function numbersOf(message: Message<unknown>): number[] {
  const found: number[] = [];
  for (const range of (message.get('beyond') ?? '').split(',')) {
    const [, first, last = first] = /^(\d{1,16})(?:-(\d{1,16}))?$/.exec(range) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (!(to >= from) || found.length + to - from > mostBeyond) {
      throw new PeerError('INVALID_PARAMETER', 'parameter beyond is no list of ranges', message.command);
    }
    for (let number = from; number <= to; number += 1) found.push(number);
  }
  return found;
}

function count(message: Message<unknown>, name: string): number {
  const value = message.integer(name);
  if (value >= 0) return value;
  throw new PeerError('INVALID_PARAMETER', `parameter ${name}: a count is never negative`, message.command);
}
