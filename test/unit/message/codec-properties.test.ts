// What holds for any message and any line, as far as fast-check looks.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { PeerError } from '../../../lib/base/errors.ts';
import { bytesOf, LineSlicer, textOf } from '../../../lib/framing/index.ts';
import { admit, decode, decodeJson, encode, encodeJson, Message } from '../../../lib/message/index.ts';

const runs = { numRuns: 1500 };
const command = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/);
const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
const place = fc.oneof(fc.constant(''), name);
const target = fc.oneof(place, fc.constantFrom('*', '.', '?'));

/** Characters that mean something, and any others; no lone surrogates. */
const char = fc.oneof(
  fc.constantFrom(...'\\";= \t\n\r\v\f\0{}<:/nr\'', '\u0085', '\u00a0', '\u2028', '\ufeff', 'é', '€', '😀'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);
const wellFormed = fc.oneof(fc.string({ unit: char, maxLength: 12 }), fc.string({ unit: 'grapheme' }));
/** The same with bytes of no character, as `textOf` gives them. */
const anyBytes = fc.oneof(
  wellFormed,
  fc.uint8Array({ maxLength: 12 }).map(bytes => textOf(Buffer.from(bytes))),
);
/** Numbers and words that JSON has another form for. */
const special = fc.oneof(
  fc.constantFrom(
    'true',
    'false',
    'null',
    '0',
    '-0',
    '007',
    '1e5',
    '0x10',
    '-0.000000',
    '1.500000',
    '9007199254740993',
  ),
  fc.double().map(String),
  fc.double({ min: -1e10, max: 1e10, noNaN: true }).map(value => value.toFixed(6)),
  fc.bigInt().map(String),
);

const messageOf = (value: fc.Arbitrary<string>): fc.Arbitrary<Message> =>
  fc
    .tuple(
      command,
      fc.dictionary(name, value, { maxKeys: 20 }),
      fc.array(fc.tuple(place, place, target, target), { minLength: 1, maxLength: 1 }),
    )
    .map(([command, parameters, [[server, service, toServer, toService] = ['', '', '', '']]]) =>
      Message.of(command, parameters, { from: { server, service }, to: { server: toServer, service: toService } }),
    );

const facts = (message: Message | undefined): unknown =>
  message && [message.command, message.from, message.to, [...message.entries()].toSorted()];

/** What an arbitrary line is made of: pieces of good lines and JSON. */
const piece = fc.oneof(
  fc.constantFrom(
    '<',
    '<a:b ',
    'a:b/',
    'CMD',
    ' ',
    '=',
    ';',
    '"',
    '\\',
    '\\"',
    '""',
    'a=1',
    'b="x;y"',
    '{',
    '}',
    ':',
    ',',
  ),
  fc.constantFrom(
    '"command":"A"',
    '"parameters":{',
    '"a":1',
    '\\u00',
    '\\ud83d',
    'true',
    'null',
    '-1e9',
    '\0',
    '\udcff',
  ),
  fc.string({ unit: 'binary', maxLength: 3 }),
);
const pieces = fc.array(piece, { maxLength: 15 }).map(list => list.join(''));

/** A line with one character more, less or other than it should have. */
const mutated = fc
  .tuple(messageOf(wellFormed), fc.boolean(), fc.nat(), fc.nat(2), piece)
  .map(([message, json, at, less, more]) => {
    const line = json ? encodeJson(message) : encode(message);
    const place = at % (line.length + 1);
    return line.slice(0, place) + more + line.slice(place + less);
  });

function onlyPeerErrors(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof PeerError, `${error}`);
  }
}

t.test('decode(encode(message)) is the message', async t => {
  const same = fc.property(fc.oneof(messageOf(wellFormed), messageOf(special)), message => {
    assert.deepEqual(facts(decode(encode(message))), facts(message));
  });
  t.doesNotThrow(() => fc.assert(same, runs));
});

t.test('it is one line, and comes back from its bytes, whatever bytes the values are', async t => {
  const same = fc.property(fc.array(messageOf(anyBytes), { maxLength: 4 }), fc.nat(400), (messages, cut) => {
    const bytes = Buffer.concat(messages.map(message => Buffer.concat([bytesOf(encode(message)), Buffer.from('\n')])));
    const slicer = new LineSlicer();
    slicer.push(bytes.subarray(0, cut));
    slicer.push(bytes.subarray(cut));
    const back: unknown[] = [];
    while (slicer.next()) back.push(facts(decode(slicer.text, slicer.start, slicer.end)));
    assert.deepEqual(back, messages.map(facts));
    assert.equal(slicer.waiting, 0);
  });
  t.doesNotThrow(() => fc.assert(same, runs));
});

t.test('a carriage return and blanks around the line change nothing', async t => {
  const same = fc.property(messageOf(wellFormed), fc.constantFrom('\r', ' ', '\t\r', '\v\f '), (message, blanks) => {
    assert.deepEqual(facts(decode(blanks + encode(message) + blanks)), facts(message));
  });
  t.doesNotThrow(() => fc.assert(same, runs));
});

t.test('what is written again is the same line', async t => {
  const same = fc.property(fc.oneof(pieces, mutated), line => {
    let message: Message | undefined;
    onlyPeerErrors(() => {
      const read = decode(line);
      if (read !== undefined && admit(read) === 'act') message = read;
    });
    if (message === undefined) return;
    const once = encode(message);
    const back = decode(once);
    assert.equal(back && encode(back), once);
  });
  t.doesNotThrow(() => fc.assert(same, runs));
});

t.test('decodeJson(encodeJson(message)) is the message', async t => {
  const same = fc.property(fc.oneof(messageOf(wellFormed), messageOf(special)), message => {
    const line = encodeJson(message);
    assert.deepEqual(facts(decodeJson(line)), facts(message));
    assert.deepEqual(facts(decode(line)), facts(message), 'told from text by its first character');
    assert.doesNotThrow(() => JSON.parse(line), 'and it is JSON');
    assert.ok(!line.includes('\n'), 'of one line');
  });
  t.doesNotThrow(() => fc.assert(same, runs));
});

t.test('decode throws nothing but PeerError, for any text', async t => {
  const only = fc.property(fc.oneof(pieces, mutated, fc.string({ unit: 'binary' }), anyBytes), line => {
    onlyPeerErrors(() => {
      const message = decode(line);
      if (message !== undefined) admit(message);
    });
    onlyPeerErrors(() => decodeJson(line));
  });
  t.doesNotThrow(() => fc.assert(only, { numRuns: 5000 }));
});

t.test('decode throws nothing but PeerError, for any bytes', async t => {
  const only = fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
    onlyPeerErrors(() => decode(textOf(Buffer.from(bytes))));
  });
  t.doesNotThrow(() => fc.assert(only, runs));
});

t.test('a line means the same wherever it stands in a longer text', async t => {
  const reading = (text: string, from?: number, to?: number): unknown => {
    try {
      return facts(decode(text, from, to));
    } catch (error) {
      return error instanceof PeerError ? [error.message, error.command] : error;
    }
  };
  const same = fc.property(pieces, pieces, pieces, (before, line, behind) => {
    const inside = reading(before + line + behind, before.length, before.length + line.length);
    assert.deepEqual(inside, reading(line));
  });
  t.doesNotThrow(() => fc.assert(same, { numRuns: 3000 }));
});
