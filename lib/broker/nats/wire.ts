// What brokers say to each other over NATS. Under a prefix (`ed`), SERVER one word for any name (connection/nats/subject.ts):
//
//   PREFIX.cluster.here         a beat: who is there, and the whole presence where it is new, or was asked for; or a part of it
//   PREFIX.cluster.ask          whoever is named, or all, says its whole presence, or the parts of it that are named
//   PREFIX.cluster.gone         a broker ends
//   PREFIX.cluster.to.SERVER    messages for that broker (route.ts), answered under
//   PREFIX.cluster.re.SERVER    what became of them (intake.ts)
//   PREFIX.cluster.kept         something is kept for a service, which may be here
//   PREFIX.cluster.say.*.*      broadcasts: a backplane (connection/nats/backplane.ts)
//   PREFIX.kept.SERVICE         the stream of what is kept (kept.ts)
//
// A payload is one line of JSON, and behind it messages as text, a line each. What cannot be read is passed over.

import { PeerError } from '../../base/errors.ts';
import { subjectWord } from '../../connection/index.ts';
import type { Message } from '../../message/index.ts';
import { decode, encode } from '../../message/index.ts';
import { markedAgain } from '../../protocol/service/index.ts';
import type { PresentService } from '../cluster.ts';

export interface Subjects {
  readonly here: string;
  readonly ask: string;
  readonly gone: string;
  readonly hint: string;
  readonly kept: string;
  to(server: string): string;
  re(server: string): string;
}

export function subjectsOf(prefix: string): Subjects {
  const own = `${prefix}.cluster`;
  return {
    here: `${own}.here`,
    ask: `${own}.ask`,
    gone: `${own}.gone`,
    hint: `${own}.kept`,
    kept: `${prefix}.kept.`,
    to: server => `${own}.to.${subjectWord(server)}`,
    re: server => `${own}.re.${subjectWord(server)}`,
  };
}

/** More parts a presence does not have: 64 MiB, in packets of 256 KiB. */
export const mostParts = 256;

/** A part of a presence that is too long for one packet. */
export interface Part {
  /** From 0 on. */
  readonly number: number;
  readonly of: number;
  readonly services: readonly PresentService[];
}

/** A sign of life; with `services` the whole presence, with `part` a part of it. */
export interface Beat {
  readonly server: string;
  readonly life: string;
  readonly serial: number;
  readonly services?: readonly PresentService[] | undefined;
  readonly part?: Part | undefined;
}

/** Parts of the presence `serial`, which had `of` of them, that did not come; without any the whole is wanted. */
export interface Wanted {
  readonly serial: number;
  readonly of: number;
  readonly missing: readonly number[];
}

/** Messages of one broker for another; without any it asks what became of those before. */
export interface Carriage {
  readonly from: string;
  /** Names the stream; its numbers begin with 1. */
  readonly stream: string;
  /** The number of the first message here, or of the one that would come next. */
  readonly first: number;
  /** Up to this number the sender knows what became of all. */
  readonly done: number;
}

/** The code of an outcome: the service is not there, and the message may go elsewhere. */
export const notHere = 'NOT_HERE';

/** Number; and code and words where it was not taken. */
export type Outcome = readonly [number: number, code?: string, words?: string];

/** What became of the messages of a stream. */
export interface Return {
  readonly stream: string;
  /** Up to this number all have come; -1 where the stream is not known. */
  readonly received: number;
  /** Whether something is missing behind that. */
  readonly gap: boolean;
  readonly outcomes: readonly Outcome[];
}

export function packed(head: object, lines: readonly string[] = []): Buffer {
  return Buffer.from([JSON.stringify(head), ...lines].join('\n'));
}

/** The head, its fields not looked at yet and none where it cannot be read, and the lines. */
export function unpacked(bytes: Uint8Array): { head: Record<string, unknown>; lines: string[] } {
  const [first = '', ...lines] = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString().split('\n');
  try {
    const head: unknown = JSON.parse(first);
    return { head: isRecord(head) ? head : {}, lines };
  } catch {
    return { head: {}, lines };
  }
}

/** What was kept, and until when it is wanted, on the wall; without a message where it cannot be read. */
export function readKept(bytes: Uint8Array): { readonly message: Message | undefined; readonly until: number } {
  const { head, lines } = unpacked(bytes);
  const until = typeof head.until === 'number' ? head.until : 0;
  try {
    return { message: decode(lines[0] ?? ''), until };
  } catch (error) {
    if (error instanceof PeerError) return { message: undefined, until };
    throw error;
  }
}

/** The line of a message that another life of its broker may have had in hand. */
export function lineAgain(line: string): string {
  try {
    const message = decode(line);
    return message === undefined ? line : encode(markedAgain(message));
  } catch (error) {
    if (error instanceof PeerError) return line;
    throw error;
  }
}

export function readBeat({ server, life, serial, services, part }: Record<string, unknown>): Beat | undefined {
  if (!isName(server) || !isName(life) || !isCount(serial)) return undefined;
  if (part !== undefined) return isPart(part) ? { server, life, serial, part } : undefined;
  if (services === undefined) return { server, life, serial };
  return areServices(services) ? { server, life, serial, services } : undefined;
}

/** What somebody asks for; undefined where that is the whole. */
export function readWanted({ serial, of, missing }: Record<string, unknown>): Wanted | undefined {
  if (!isCount(serial) || !isCount(of) || of > mostParts || !Array.isArray(missing)) return undefined;
  return missing.every(number => isCount(number) && number < of) ? { serial, of, missing } : undefined;
}

export function readCarriage({ from, stream, first, done }: Record<string, unknown>): Carriage | undefined {
  if (!isName(from) || !isName(stream) || !isCount(first) || first === 0 || !isCount(done)) return undefined;
  return { from, stream, first, done };
}

export function readReturn({ stream, received, gap, outcomes }: Record<string, unknown>): Return | undefined {
  if (!isName(stream) || !(isCount(received) || received === -1) || typeof gap !== 'boolean') return undefined;
  if (!Array.isArray(outcomes) || !outcomes.every(isOutcome)) return undefined;
  return { stream, received, gap, outcomes };
}

/** A name of anything: a text that is not empty, and not without end. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 300;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isService(value: unknown): value is PresentService {
  if (!isRecord(value)) return false;
  const { name, commands, instances } = value;
  return isName(name) && Array.isArray(commands) && commands.every(isName) && isCount(instances);
}

function areServices(value: unknown): value is PresentService[] {
  return Array.isArray(value) && value.every(isService);
}

function isPart(value: unknown): value is Part {
  if (!isRecord(value)) return false;
  const { number, of, services } = value;
  return isCount(number) && isCount(of) && number < of && of <= mostParts && areServices(services);
}

function isOutcome(value: unknown): value is Outcome {
  return Array.isArray(value) && isCount(value[0]) && value.slice(1).every(text => typeof text === 'string');
}
