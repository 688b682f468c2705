// A way between two ends of a link that can be cut, and on which every WebSocket frame is read.

import type { Test } from 'tap';
import { FaultProxy, Recorder } from '../../lib/testkit/index.ts';

export interface Said {
  /** Which connection, counted from 1. */
  readonly link: number;
  readonly dir: 'c2s' | 's2c';
  /** A message: its text. A close frame: its code and reason. */
  readonly text?: string;
  readonly close?: { readonly code: number | null; readonly reason: string };
}

const textFrame = 1;
const closeFrame = 8;

/** What was not cut into frames yet, of one direction of one connection. */
interface Rest {
  phase: 'request' | 'frames';
  bytes: Buffer;
}

export class Tap {
  readonly proxy: FaultProxy;
  readonly #recorder: Recorder;

  private constructor(proxy: FaultProxy, recorder: Recorder) {
    this.proxy = proxy;
    this.#recorder = recorder;
  }

  /** `to` is a server's address, as tcp:// or ws://. */
  static async open(t: Test, to: string): Promise<Tap> {
    const recorder = new Recorder();
    const [place = ''] = /\/\/[^/]+/.exec(to) ?? [];
    const proxy = await FaultProxy.open({ to: `tcp:${place}`, recorder });
    t.teardown(() => proxy.close());
    return new Tap(proxy, recorder);
  }

  /** For our clients. */
  get ws(): string {
    return this.proxy.address.replace('tcp:', 'ws:');
  }

  /** For real clients. */
  get http(): string {
    return `${this.proxy.address.replace('tcp:', 'http:')}/`;
  }

  /** All frames so far, in their order. */
  get said(): Said[] {
    const rests = new Map<string, Rest>();
    return this.#recorder.passages.flatMap(({ link, direction, bytes }) => {
      const dir = direction === 'to server' ? 'c2s' : 's2c';
      const rest = rests.get(`${link} ${dir}`) ?? { phase: 'request', bytes: Buffer.alloc(0) };
      rests.set(`${link} ${dir}`, rest);
      rest.bytes = Buffer.concat([rest.bytes, bytes]);
      return [...framesOf(rest)].map(frame => ({ link, dir, ...frame }) as const);
    });
  }

  /** The messages among them, as values. */
  get messages(): Message[] {
    return messagesOf(this.said);
  }
}

export interface Message {
  readonly link: number;
  readonly dir: 'c2s' | 's2c';
  readonly seq: number | null;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

function messagesOf(said: readonly Said[]): Message[] {
  return said.flatMap(({ link, dir, text }) =>
    text === undefined ? [] : [{ link, dir, ...(JSON.parse(text) as Omit<Message, 'link' | 'dir'>) }],
  );
}

/** Takes the whole frames off the front: the real programs, and ours, never send a message in parts. */
function* framesOf(rest: Rest): Generator<Omit<Said, 'link' | 'dir'>> {
  if (rest.phase === 'request') {
    const end = rest.bytes.indexOf('\r\n\r\n');
    if (end < 0) return;
    rest.phase = 'frames';
    rest.bytes = rest.bytes.subarray(end + 4);
  }
  for (let frame = frameOf(rest.bytes); frame !== undefined; frame = frameOf(rest.bytes)) {
    const { opcode, payload, length } = frame;
    rest.bytes = rest.bytes.subarray(length);
    if (opcode === textFrame) yield { text: payload.toString() };
    if (opcode !== closeFrame) continue;
    const code = payload.length === 0 ? null : payload.readUInt16BE(0);
    yield { close: { code, reason: payload.subarray(2).toString() } };
  }
}

/** The first frame (RFC 6455 §5.2), unmasked; undefined where it is not whole yet. */
function frameOf(bytes: Buffer): { opcode: number; payload: Buffer; length: number } | undefined {
  if (bytes.length < 2) return undefined;
  const [first = 0, second = 0] = bytes;
  const short = second & 0x7f;
  const wide = short === 126 ? 2 : short === 127 ? 8 : 0;
  const key = second >= 0x80 ? 4 : 0;
  const start = 2 + wide + key;
  if (bytes.length < start) return undefined;
  const size = wide === 0 ? short : wide === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (bytes.length < start + size) return undefined;
  const payload = Buffer.from(bytes.subarray(start, start + size));
  if (key > 0)
    for (let at = 0; at < size; at += 1) payload[at] = (payload[at] ?? 0) ^ (bytes[2 + wide + (at % 4)] ?? 0);
  return { opcode: first & 0x0f, payload, length: start + size };
}
