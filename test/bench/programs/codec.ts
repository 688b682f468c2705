// Text to message and back, against JSON of the same data.
//
// Encoded text is written to a buffer by both sides: engines put off the work of joining strings until somebody
// reads them, and a codec would look faster than it is.

import { decode, encode, Message } from '../../../lib/index.ts';
import type { Figures } from '../child.ts';
import { serve } from '../child.ts';

type Parameters = Readonly<Record<string, string>>;

/** Different texts of one kind, so that no engine can remember the answer. */
const variety = 64;

const kinds: Readonly<Record<string, (index: number) => Parameters>> = {
  two: index => ({ id: String(100 + index), text: 'hello' }),
  eight: index => ({
    address: '192.168.1.20:4040',
    attempt: '3',
    id: String(100_000 + index),
    level: 'warning',
    name: 'temperature',
    room: 'kitchen',
    text: 'something happened',
    version: '1',
  }),
  quoted: index => ({ id: String(100 + index), text: `${'say "hello"; then go on. '.repeat(41).slice(0, 1000)}` }),
};

let sink = 0;
const buffer = Buffer.alloc(8192);

/** Nanoseconds of one call, over so many ms. */
function time<T>(values: readonly T[], milliseconds: number, use: (value: T) => number): number {
  let calls = 0;
  const start = performance.now();
  let spent = 0;
  while (spent < milliseconds) {
    for (const value of values) sink += use(value);
    calls += values.length;
    spent = performance.now() - start;
  }
  return (spent / calls) * 1e6;
}

function measured(kind: string, milliseconds: number): Figures {
  const parameters = Array.from({ length: variety }, (_, index) => kinds[kind]?.(index) ?? {});
  const messages = parameters.map(given => Message.of('EVENT', given));
  const values = parameters.map(given => ({ command: 'EVENT', parameters: given }));
  const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');
  const lines = messages.map(message => flat(encode(message)));
  const texts = values.map(value => flat(JSON.stringify(value)));
  return {
    [`${kind}-decode`]: time(lines, milliseconds, text => decode(text)?.list.length ?? 0),
    [`${kind}-parse`]: time(texts, milliseconds, text => (JSON.parse(text) as { command: string }).command.length),
    [`${kind}-encode`]: time(messages, milliseconds, message => buffer.write(encode(message), 'latin1')),
    [`${kind}-stringify`]: time(values, milliseconds, value => buffer.write(JSON.stringify(value), 'latin1')),
  };
}

function round({ milliseconds = 0 }: Figures): Figures {
  const figures = Object.keys(kinds).map(kind => measured(kind, milliseconds));
  return Object.assign({ sink }, ...figures) as Figures;
}

serve({ codec: () => ({ round }) });
