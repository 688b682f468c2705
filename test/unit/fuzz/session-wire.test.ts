// What sessions say, for any parameters: a valid value, or a PeerError that names the parameter.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { PeerError } from '../../../lib/base/errors.ts';
import { decode, encode, Message, offerParameter } from '../../../lib/message/index.ts';
import type { Agreement, Offer } from '../../../lib/session/index.ts';
import {
  ackMessage,
  agreementMessage,
  farewellMessage,
  isCounted,
  isRefusal,
  readAck,
  readAgreement,
  readOffer,
  refusalMessage,
  withOffer,
} from '../../../lib/session/index.ts';

const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const offer: fc.Arbitrary<Offer> = fc
  .tuple(hex(16), hex(32), fc.constantFrom<Offer['carrier'][]>('resume', 'first', 'ahead'))
  .map(([id, secret, carrier]) => ({ id, secret, carrier }));
const agreement: fc.Arbitrary<Agreement> = fc
  .tuple(hex(16), hex(8), fc.option(count, { nil: undefined }))
  .map(([id, epoch, received]) => ({ id, epoch, received }));

/** Values that are almost right. */
const value = fc.oneof(
  fc.constantFrom('', '0', '-0', '-1', '+1', '01', '1.5', '1e3', ' 1', 'none', 'None', 'true', 'NaN', '0x1', '١'),
  fc.constantFrom('9007199254740991', '9007199254740992', '9223372036854775808', '-9223372036854775809'),
  fc.tuple(hex(16), hex(32), fc.constantFrom('0', '1', '2', '3', '', '1\n', '00')).map(parts => parts.join('.')),
  fc.tuple(fc.string(), fc.string(), fc.string()).map(parts => parts.join('.')),
  fc.string({ unit: 'binary' }),
  fc.bigInt().map(String),
);
const name = fc.constantFrom(offerParameter, 'id', 'epoch', 'received', 'count', 'over', 'command', 'serial');
const command = fc.constantFrom('SESSION', 'ACK', 'ALIVE', 'ABSOLUTELY', 'INVALID', 'UNKNOWN', 'ITEM');
const message = fc
  .tuple(command, fc.array(fc.tuple(name, value), { maxLength: 5 }))
  .map(([command, parameters]) => new Message(command, parameters.flat()));

/** What `read` gives; undefined where it says in a PeerError what is wrong. */
function reading<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof PeerError, `${error}`);
    assert.equal(error.code, 'INVALID_PARAMETER');
    return undefined;
  }
}

/** The message as the other side reads it. */
function overThere(given: Message<unknown>): Message {
  const read = decode(encode(given));
  assert.ok(read);
  return read;
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

t.test('an offer is read whole or not at all', async t => {
  const valid = fc.property(message, given => {
    const found = reading(() => readOffer(given));
    assert.equal(given.has(offerParameter) || found === undefined, true);
    if (found === undefined) return;
    assert.match(found.id, /^[0-9a-f]{16}$/);
    assert.match(found.secret, /^[0-9a-f]{32}$/);
    assert.equal(withOffer(Message.of('A'), found).get(offerParameter), given.get(offerParameter));
  });
  t.doesNotThrow(() => fc.assert(valid, { numRuns: 3_000 }));
});

t.test('an agreement counts, or says that it does not', async t => {
  const valid = fc.property(message, given => {
    const found = reading(() => readAgreement(given));
    if (found?.received === undefined) return;
    assert.ok(isCount(found.received), `${found.received}`);
    assert.equal(Number(given.get('received')) + 0, found.received);
  });
  t.doesNotThrow(() => fc.assert(valid, { numRuns: 3_000 }));
});

t.test('an acknowledgement is a count', async t => {
  const valid = fc.property(message, given => {
    const found = reading(() => readAck(given));
    if (found === undefined) return;
    assert.ok(isCount(found.count) && Number(given.get('count')) === found.count, `${found.count}`);
    assert.ok(found.refused.every(isCount), `${found.refused}`);
  });
  t.doesNotThrow(() => fc.assert(valid, { numRuns: 3_000 }));
});

t.test('whether a message is counted or refuses can be asked of any', async t => {
  const asked = fc.property(message, given => {
    assert.ok(!(isRefusal(given) && !['INVALID', 'UNKNOWN'].includes(given.command)));
    assert.ok(isCounted(given) || given.command !== 'ITEM');
  });
  t.doesNotThrow(() => fc.assert(asked, { numRuns: 1_000 }));
});

t.test('what is said is what is read over there', async t => {
  const same = fc.property(offer, agreement, count, fc.string({ unit: 'binary' }), (offer, agreement, count, text) => {
    assert.deepEqual(readOffer(overThere(withOffer(Message.of('ITEM', { text }), offer))), offer);
    assert.deepEqual(readAgreement(overThere(agreementMessage(agreement))), agreement);
    const ack = { count, refused: [1, count], asks: true };
    assert.deepEqual(readAck(overThere(ackMessage(ack))), ack);
    const plain = { count, refused: [], asks: false };
    assert.deepEqual(readAck(overThere(ackMessage(plain))), plain);
    assert.equal(overThere(farewellMessage(offer.id)).get('over'), 'true');
    assert.ok(isRefusal(overThere(refusalMessage(text))));
    assert.ok(!isCounted(overThere(refusalMessage(text))));
  });
  t.doesNotThrow(() => fc.assert(same, { numRuns: 1_000 }));
});
