// What the records of a spool say, as bytes and back. All numbers are little-endian; README.md has each byte.

import { bytesOf, textOf } from '../framing/index.ts';

/** A message that has not ended. */
export interface StoredMessage {
  /** Grows by one with each message. */
  readonly id: number;
  readonly line: string;
  /** ms since 1970; undefined where it never expires. */
  readonly expires: number | undefined;
}

/** What a client needs to go on with a session in its next life. */
export interface StoredSession {
  readonly id: string;
  readonly secret: string;
  readonly epoch: string | undefined;
}

/** Where a client is: in a segment's head, and whenever its session changes. */
export interface Standing {
  /** The id of the next message. */
  readonly next: number;
  /** All messages up to this id have ended. */
  readonly through: number;
  /** Messages confirmed in the present session. */
  readonly count: number;
  readonly session: StoredSession | undefined;
}

/** Damage of one segment that an earlier recovery has told already. */
export interface KnownDamage {
  readonly segment: number;
  readonly places: number;
  readonly bytes: number;
}

/** The types of records. */
export const kind = { message: 1, withdrawn: 2, confirmed: 3, standing: 4, known: 5 } as const;

const never = Number.NaN;
const empty = Buffer.alloc(0);

export function messageBytes(id: number, line: string, expires: number | undefined): Buffer {
  const text = bytesOf(line);
  const body = Buffer.allocUnsafe(14 + text.length);
  body.writeUIntLE(id, 0, 6);
  body.writeDoubleLE(expires ?? never, 6);
  text.copy(body, 14);
  return body;
}

/** The id of a message, or of one withdrawn. */
export function readId(body: Buffer): number {
  return body.readUIntLE(0, 6);
}

export function readMessage(body: Buffer): StoredMessage {
  const expires = body.readDoubleLE(6);
  return { id: readId(body), line: textOf(body.subarray(14)), expires: Number.isNaN(expires) ? undefined : expires };
}

export function withdrawnBytes(id: number): Buffer {
  const body = Buffer.allocUnsafe(6);
  body.writeUIntLE(id, 0, 6);
  return body;
}

export function confirmedBytes(count: number, through: number): Buffer {
  const body = Buffer.allocUnsafe(12);
  body.writeUIntLE(count, 0, 6);
  body.writeUIntLE(through, 6, 6);
  return body;
}

export function readConfirmed(body: Buffer): { count: number; through: number } {
  return { count: body.readUIntLE(0, 6), through: body.readUIntLE(6, 6) };
}

export function standingBytes({ next, through, count, session }: Standing): Buffer {
  const text = session === undefined ? empty : Buffer.from(JSON.stringify(session), 'utf8');
  const body = Buffer.allocUnsafe(18 + text.length);
  body.writeUIntLE(next, 0, 6);
  body.writeUIntLE(through, 6, 6);
  body.writeUIntLE(count, 12, 6);
  text.copy(body, 18);
  return body;
}

export function readStanding(body: Buffer): Standing {
  return {
    next: body.readUIntLE(0, 6),
    through: body.readUIntLE(6, 6),
    count: body.readUIntLE(12, 6),
    session: body.length > 18 ? readSession(body.subarray(18).toString('utf8')) : undefined,
  };
}

function readSession(text: string): StoredSession {
  const { id, secret, epoch } = JSON.parse(text) as StoredSession;
  return { id, secret, epoch };
}

export function knownBytes(known: readonly KnownDamage[]): Buffer {
  return Buffer.from(JSON.stringify(known), 'utf8');
}

export function readKnown(body: Buffer): readonly KnownDamage[] {
  return JSON.parse(body.toString('utf8')) as readonly KnownDamage[];
}
