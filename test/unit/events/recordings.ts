// What the original said, from test/golden: frames with the arguments that made them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Recorded {
  readonly args: readonly unknown[];
  readonly frame: Buffer;
}

interface Entry {
  readonly args: string;
  readonly frames: readonly string[];
}

const path = join(process.cwd(), 'test/golden/events-frames.json');
const all = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, readonly Entry[]>>;

/** The frames of one situation, by the name it has in the file. */
export function recorded(situation: string): Recorded[] {
  const entries = all[situation];
  if (entries === undefined) throw new Error(`nothing was recorded as ${situation}`);
  return entries.map(({ args, frames }) => ({
    args: JSON.parse(args) as unknown[],
    frame: Buffer.from(frames[0] ?? '', 'latin1'),
  }));
}

export const situations = {
  python2: 'emit_to_PULL/py2_threadclient',
  python3: 'emit_to_PULL/py3_threadclient_proto0',
  protocol4: 'emit_to_PULL/py3_txclient_defaultproto4',
  published: 'publish_on_PUB/py2_server',
} as const;

/** The content behind the name. */
export function bodyOf(frame: Buffer): Buffer {
  return frame.subarray(frame.indexOf(0) + 1);
}
