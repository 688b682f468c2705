// Each text of the session's wire: what is written, what is read, what is refused, and by which name.

import t from 'tap';
import { decode, encode, Message } from '../../../lib/message/index.ts';
import type { Carrier } from '../../../lib/session/index.ts';
import * as wire from '../../../lib/session/wire.ts';

const id = '0123456789abcdef';
const secret = 'f'.repeat(32);
const read = (line: string): Message => decode(line) ?? Message.of('NOTHING');

t.test('a key is new each time: 16 digits, and 32 that prove it; an epoch has 8', async t => {
  const one = wire.newKey();
  const other = wire.newKey();
  t.match(one, { id: /^[0-9a-f]{16}$/, secret: /^[0-9a-f]{32}$/ });
  t.not(one.id, other.id);
  t.not(one.secret, other.secret);
  t.match(wire.newEpoch(), /^[0-9a-f]{8}$/);
});

t.test('an offer says whether its message is the first, ahead of it, or goes on', async t => {
  const carriers: [Carrier, number][] = [
    ['resume', 0],
    ['first', 1],
    ['ahead', 2],
  ];
  for (const [carrier, digit] of carriers) {
    const message = wire.withOffer(Message.of('ITEM', { n: 1 }), { id, secret, carrier });
    t.equal(encode(message), `ITEM _session=${id}.${secret}.${digit};n=1`);
    t.same(wire.readOffer(message), { id, secret, carrier });
  }
  t.equal(wire.readOffer(Message.of('ITEM')), undefined, 'no offer is no fault');
});

const badOffers = {
  'empty text': '',
  'no dots': `${id}${secret}1`,
  'one dot': `${id}.${secret}`,
  'a short id': `${id.slice(1)}.${secret}.1`,
  'a long id': `0${id}.${secret}.1`,
  'a short secret': `${id}.${secret.slice(1)}.1`,
  'a long secret': `${id}.f${secret}.1`,
  'no secret': `${id}..1`,
  'capital digits': `${id.toUpperCase()}.${secret.toUpperCase()}.1`,
  'no digits': `${'g'.repeat(16)}.${secret}.1`,
  'an unknown carrier': `${id}.${secret}.3`,
  'a negative carrier': `${id}.${secret}.-1`,
  'a long carrier': `${id}.${secret}.11`,
  'no carrier': `${id}.${secret}.`,
  'a space before': ` ${id}.${secret}.1`,
  'something behind': `${id}.${secret}.1.1`,
  'a line feed behind': `${id}.${secret}.1\n`,
  'a NUL inside': `${id.slice(1)}\0.${secret}.1`,
  'a megabyte': 'a'.repeat(1024 * 1024),
};

for (const [words, text] of Object.entries(badOffers)) {
  t.test(`an offer that cannot be read is refused by name: ${words}`, async t => {
    const message = Message.of('ITEM', { _session: text });
    t.throws(() => wire.readOffer(message), { code: 'INVALID_PARAMETER', command: 'ITEM' });
    try {
      wire.readOffer(message);
    } catch (error) {
      t.notMatch(String(error), secret.slice(1), 'and the secret is not told');
    }
  });
}

t.test('SESSION says id, epoch, and what was received; a new process says none', async t => {
  const text = `SESSION epoch=982b3758;id=${id};received=3`;
  t.equal(encode(wire.agreementMessage({ id, epoch: '982b3758', received: 3 })), text);
  t.same(wire.readAgreement(read(text)), { id, epoch: '982b3758', received: 3 });
  const none = wire.agreementMessage({ id, epoch: '982b3758', received: undefined });
  t.equal(encode(none), `SESSION epoch=982b3758;id=${id};received=none`);
  t.equal(wire.readAgreement(none).received, undefined);
});

const badAgreements = {
  'no id': 'SESSION epoch=e;received=0',
  'no epoch': `SESSION id=${id};received=0`,
  'no received': `SESSION id=${id};epoch=e`,
  'nothing at all': 'SESSION',
  'a negative count': `SESSION id=${id};epoch=e;received=-1`,
  'words for a count': `SESSION id=${id};epoch=e;received=many`,
  'None with a capital': `SESSION id=${id};epoch=e;received=None`,
  'an empty count': `SESSION id=${id};epoch=e;received=`,
  'a fraction': `SESSION id=${id};epoch=e;received=1.5`,
  'more than a number holds': `SESSION id=${id};epoch=e;received=9007199254740993`,
};

for (const [words, line] of Object.entries(badAgreements)) {
  t.test(`SESSION that cannot be read is refused by name: ${words}`, async t => {
    t.throws(() => wire.readAgreement(read(line)), { code: 'INVALID_PARAMETER', command: 'SESSION' });
  });
}

t.test('ACK says a count', async t => {
  const plain = { refused: [], asks: false };
  t.equal(encode(wire.ackMessage({ count: 64, ...plain })), 'ACK count=64');
  t.equal(encode(wire.ackMessage({ count: 64, refused: [3, 7], asks: true })), 'ACK ask=true;count=64;refused=3,7');
  t.same(wire.readAck(read('ACK count=0')), { count: 0, ...plain });
  t.same(wire.readAck(read('ACK count=9007199254740991')), { count: Number.MAX_SAFE_INTEGER, ...plain });
  t.same(wire.readAck(read('ACK ask=true;count=9;refused=3,7')), { count: 9, refused: [3, 7], asks: true });
});

const badAcks = {
  'no count': 'ACK',
  'refused is no list': 'ACK count=1;refused=1,x',
  'an empty count': 'ACK count=',
  'a negative count': 'ACK count=-1',
  words: 'ACK count=all',
  'a fraction': 'ACK count=0.5',
  'an exponent': 'ACK count=1e3',
  hexadecimal: 'ACK count=0x10',
  'not a number': 'ACK count=NaN',
  infinity: 'ACK count=Infinity',
  'more than a number holds': 'ACK count=99999999999999999999',
};

for (const [words, line] of Object.entries(badAcks)) {
  t.test(`ACK that cannot be read is refused by name: ${words}`, async t => {
    t.throws(() => wire.readAck(read(line)), { code: 'INVALID_PARAMETER', command: 'ACK' });
  });
}

t.test('the session speaks of itself without being counted, all else is counted', async t => {
  const never = ['ACK count=1', 'SESSION id=x', 'ALIVE', 'ALIVE serial=beat', 'ABSOLUTELY', 'INVALID command=SESSION'];
  for (const line of never) t.equal(wire.isCounted(read(line)), false, line);
  const always = ['ITEM', 'INVALID', 'INVALID command=ACK', 'UNKNOWN command=SESSION', 'ITEM command=SESSION', 'ACKS'];
  for (const line of always) t.equal(wire.isCounted(read(line)), true, line);
});

t.test('a refusal is INVALID or UNKNOWN about SESSION, about ALIVE, or about nothing that could be read', async t => {
  for (const command of ['INVALID', 'UNKNOWN']) {
    for (const about of [' command=SESSION', ' command=ALIVE', ' message=what', '']) {
      t.equal(wire.isRefusal(read(`${command}${about}`)), true, `${command}${about}`);
    }
    t.equal(wire.isRefusal(read(`${command} command=ITEM`)), false);
  }
  t.equal(wire.isRefusal(read('ABSOLUTELY command=SESSION')), false);
  t.equal(wire.isRefusal(wire.refusalMessage('no')), true);
});

t.test('farewell, refusal and life sign are written as README has them', async t => {
  t.equal(encode(wire.farewellMessage(id)), `SESSION id=${id};over=true`);
  t.equal(encode(wire.refusalMessage('why')), 'INVALID command=SESSION;message=why');
  t.equal(encode(wire.beatMessage()), 'ALIVE serial=beat');
});
