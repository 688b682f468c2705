// Sessions recorded from the C++ programs, played again: their client against our server, their server against
// our client. Every byte of theirs is sent as it was cut then; every answer of ours is compared with theirs.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Raw } from '../scenario/raw.ts';

/** A line of a recording. */
export interface Recorded {
  readonly conn?: number | string;
  readonly dir?: string;
  readonly bytes?: string;
  readonly ev?: string;
  readonly rx?: string;
}

/** Where the C++ side answers otherwise, or not at all: what was sent, what we answer, and why. */
export interface Exception {
  /** The recorded chunk of the client. */
  readonly sent: string;
  /** Which one, counted from 0, where the same chunk was sent more than once. @default 0 */
  readonly nth?: number;
  /** Our exact answer. */
  readonly ours: string;
  readonly why: string;
}

/** A chunk of the client and all that came back before its next one. */
export interface Exchange {
  readonly conn: number | string;
  readonly sent: string;
  readonly answer: string;
}

export function recording(name: string): Recorded[] {
  const path = join(process.cwd(), 'test/golden', `text-session-${name}.jsonl`);
  if (!existsSync(path)) throw new Error(`${path} is missing`);
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return lines.map(line => JSON.parse(line) as Recorded);
}

const fromClient = 'client->server';
const fromServer = 'server->client';

/** What the server said first on this connection, before or in spite of what the client said. */
export function greeting(records: readonly Recorded[], conn: number | string): string {
  return records.find(one => one.conn === conn && one.dir === fromServer)?.bytes ?? '';
}

/** The exchanges of the recording; the greeting of each connection is no answer. */
export function exchanges(records: readonly Recorded[]): Exchange[] {
  const found: { conn: number | string; sent: string; answer: string }[] = [];
  const greeted = new Set<number | string>();
  for (const { conn, dir, bytes = '' } of records) {
    if (conn === undefined || dir === undefined || bytes === '') continue;
    if (dir === fromClient) found.push({ conn, sent: bytes, answer: '' });
    else if (!greeted.has(conn)) greeted.add(conn);
    else {
      const last = found.findLast(one => one.conn === conn);
      if (last !== undefined) last.answer += bytes;
    }
  }
  return found;
}

/** Points of time differ; their shape must not. */
function shaped(text: string): string {
  return text.replace(/reply_timestamp=\d{10}\.\d{9}(?=[;\n])/g, 'reply_timestamp=(ten digits).(nine digits)');
}

/** The same length of answer whatever the time: the shapes of both sides are equally long. */
function expected(exchange: Exchange, nth: number, exceptions: readonly Exception[]): string {
  const exception = exceptions.find(one => one.sent === exchange.sent && (one.nth ?? 0) === nth);
  return exception?.ours ?? exchange.answer;
}

/**
 * Plays the exchanges on connections that were greeted. An exchange without an answer is followed by the next at
 * once: an answer that should not be there then stands before the next one, and fails that.
 */
export async function play(
  t: Test,
  conversation: readonly Exchange[],
  connection: (conn: number | string) => Promise<Raw>,
  exceptions: readonly Exception[] = [],
): Promise<void> {
  const counts = new Map<string, number>();
  const used = new Set<Exception>();
  for (const exchange of conversation) {
    const { conn, sent, answer } = exchange;
    const nth = counts.get(sent) ?? 0;
    counts.set(sent, nth + 1);
    const raw = await connection(conn);
    raw.send(sent);
    const wanted = expected(exchange, nth, exceptions);
    t.equal(shaped(await raw.take(wanted.length)), shaped(wanted), `answer to ${JSON.stringify(sent)}`);
    for (const exception of exceptions) {
      if (exception.sent !== sent || (exception.nth ?? 0) !== nth) continue;
      used.add(exception);
      t.not(exception.ours, answer, `an exception must differ: ${exception.why}`);
    }
  }
  const unused = exceptions.filter(one => !used.has(one)).map(({ sent }) => sent);
  t.same(unused, [], 'every exception is about something that was recorded');
}
