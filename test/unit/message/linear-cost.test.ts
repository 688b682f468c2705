// What a peer may send costs time in proportion to its length: ten times the length, about ten times the time.
// Only ratios are looked at, and generously: a quadratic cost is a hundred times.

import t from 'tap';
import { LineSlicer } from '../../../lib/framing/index.ts';
import { admit, decode, encode, encodeJson, Message } from '../../../lib/message/index.ts';

const mostRatio = 40;

/** The shortest of several runs, in µs of this process alone: what else the machine does is not counted. */
function shortest(run: () => void, rounds: number): number {
  const times = Array.from({ length: rounds }, () => {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    return user + system;
  });
  return Math.max(1, Math.min(...times));
}

/** How many times longer it takes for ten times the length; looked at again where it seems too much. */
function ratio(make: (length: number) => () => void, length: number): number {
  const small = make(length);
  const large = make(10 * length);
  // A short run is repeated until it can be measured.
  const repeats = Math.ceil(3000 / shortest(small, 2));
  const repeated = (): void => {
    for (let round = 0; round < repeats; round += 1) small();
  };
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 8 && least >= mostRatio; attempt += 1) {
    least = Math.min(least, (shortest(large, 2) / shortest(repeated, 3)) * repeats);
  }
  return least;
}

const quietly = (run: () => unknown) => (): void => {
  try {
    run();
  } catch {
    // a refusal costs time as well
  }
};

const units = {
  backslashes: '\\',
  quotes: '"',
  semicolons: ';',
  'backslashes and quotes': '\\"',
  'line feeds': '\n',
  blanks: ' ',
  'all of them': 'a\\"; \n\r',
  'characters of many bytes': '€',
} as const;

for (const [what, unit] of Object.entries(units)) {
  t.test(`a value of ${what} costs in proportion, there and back`, async t => {
    const thereAndBack = (length: number) => {
      const message = Message.of('CMD', { v: unit.repeat(length / unit.length) });
      return (): void => {
        const back = decode(encode(message));
        if (back?.get('v') !== message.get('v')) throw new Error('it did not come back');
      };
    };
    // Long enough that neither length fits a cache of the processor, which is no cost of ours.
    const found = ratio(thereAndBack, 400_000);
    t.ok(found < mostRatio, `${found.toFixed(1)} times for ten times the length`);
  });
}

const hostile: Readonly<Record<string, (length: number) => string>> = {
  'a quoted value without an end': n => `CMD v="${'\\"'.repeat(n / 2)}`,
  'a quoted value of backslashes': n => `CMD v="${'\\'.repeat(n)}`,
  'a quoted value with text behind': n => `CMD v="${'\\";'.repeat(n / 3)}"x`,
  'many parameters': n => `CMD ${'a=1;'.repeat(n / 4)}`,
  'many parameters of different names': n => `CMD ${Array.from({ length: n / 10 }, (_, at) => `a${at}=1`).join(';')}`,
  'many quoted parameters': n => `CMD ${'a="";'.repeat(n / 5)}`,
  'a long name': n => `CMD ${'a'.repeat(n)}=1`,
  'a long command': n => 'A'.repeat(n),
  'a long sender': n => `<${'a'.repeat(n)}`,
  'a long server': n => 'a'.repeat(n),
  'many colons': n => `A${':'.repeat(n)}`,
  'blanks around': n => `${' '.repeat(n)}A${' '.repeat(n)}`,
  'a long JSON string': n => `{"command":"A","parameters":{"v":"${'x'.repeat(n)}"}}`,
  'a JSON string without an end': n => `{"command":"${'\\\\'.repeat(n / 2)}`,
  'a JSON string of escapes': n => `{"command":"A","parameters":{"v":"${'\\u0041'.repeat(n / 6)}"}}`,
  'a JSON string of control characters': n => `{"command":"A","parameters":{"v":"\\n${'\u0001'.repeat(n)}"}}`,
  'a long JSON number': n => `{"command":"A","parameters":{"v":${'9'.repeat(n)}.5}}`,
  'blanks in JSON': n => `{${' '.repeat(n)}"command"${' '.repeat(n)}:"A"`,
  'many JSON parameters': n => `{"command":"A","parameters":{${'"a":1,'.repeat(n / 6)}"b":1}}`,
};

for (const [what, line] of Object.entries(hostile)) {
  t.test(`${what} costs in proportion, refused or not`, async t => {
    const reading = (length: number): (() => void) => {
      const text = line(length);
      return quietly(() => {
        const message = decode(text);
        if (message === undefined) return;
        admit(message);
        encode(message);
        encodeJson(message);
      });
    };
    const found = ratio(reading, 100_000);
    t.ok(found < mostRatio, `${found.toFixed(1)} times for ten times the length`);
  });
}

const values: Readonly<Record<string, (length: number) => string>> = {
  digits: n => '9'.repeat(n),
  zeros: n => '0'.repeat(n),
  'a digit and blanks': n => `1${' '.repeat(n)}x`,
  blanks: n => `${' '.repeat(n)}x`,
  'a fraction': n => `1.${'9'.repeat(n)}x`,
  colons: n => `[${':'.repeat(n)}`,
  'a host': n => `${'a'.repeat(n)}:80x`,
};

for (const [what, value] of Object.entries(values)) {
  t.test(`a getter for a value of ${what} costs in proportion`, async t => {
    for (const getter of ['integer', 'bigint', 'boolean', 'timespec', 'address'] as const) {
      const getting = (length: number): (() => void) => {
        const message = new Message('CMD', ['v', value(length)]);
        return quietly(() => message[getter]('v'));
      };
      const found = ratio(getting, 1_000);
      t.ok(found < mostRatio, `${getter}: ${found.toFixed(1)} times for ten times the length`);
    }
  });
}

t.test('many lines cost in proportion, however they are cut', async t => {
  const lines = (size: number) => (length: number) => {
    const bytes = Buffer.from('CMD v=1\n'.repeat(length / 8));
    return (): void => {
      const slicer = new LineSlicer();
      for (let at = 0; at < bytes.length; at += size) {
        slicer.push(bytes.subarray(at, at + size));
        while (slicer.next()) decode(slicer.text, slicer.start, slicer.end);
      }
    };
  };
  for (const size of [7, 1000, 65_536]) {
    const found = ratio(lines(size), 40_000);
    t.ok(found < mostRatio, `${found.toFixed(1)} times, in pieces of ${size}`);
  }
});
