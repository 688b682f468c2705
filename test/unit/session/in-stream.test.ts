// What came, what was taken up, what was handled: seen from the receiver.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { InStream } from '../../../lib/session/in-stream.ts';

/** So many messages arrive and are taken up. */
function arrived(count: number): InStream {
  const stream = new InStream();
  for (let n = 0; n < count; n += 1) stream.take(stream.arrive());
  return stream;
}

t.test('messages have the numbers 1, 2, 3 in the order of their arrival', async t => {
  const stream = new InStream();
  t.same([stream.arrive(), stream.arrive(), stream.arrive()], [1, 2, 3]);
  t.equal(stream.received, 0, 'none of them was taken up');
});

t.test('a new link goes on behind the unbroken part of what was taken up', async t => {
  const stream = new InStream();
  for (let n = 0; n < 4; n += 1) stream.arrive();
  stream.take(1);
  stream.take(4);
  t.equal(stream.received, 1);
  t.equal(stream.rewind(), 1);
  t.same([stream.arrive(), stream.arrive(), stream.arrive(), stream.arrive()], [2, 3, 0, 5]);
});

t.test('what is handled out of order is acknowledged in order', async t => {
  const stream = arrived(3);
  stream.done(3);
  stream.done(2);
  t.equal(stream.handled, 0);
  t.equal(stream.unacknowledged, 0);
  stream.done(1);
  t.equal(stream.handled, 3);
  t.equal(stream.unacknowledged, 3);
});

t.test('what was acknowledged is not acknowledged again on the same link', async t => {
  const stream = arrived(2);
  stream.done(1);
  stream.acknowledged();
  t.equal(stream.unacknowledged, 0);
  stream.done(2);
  t.equal(stream.unacknowledged, 1);
  t.equal(stream.handled, 2);
});

t.test('on a new link all is acknowledged again: the other side may not have heard it', async t => {
  const stream = arrived(2);
  stream.done(1);
  stream.done(2);
  stream.acknowledged();
  t.equal(stream.rewind(), 2);
  t.equal(stream.unacknowledged, 2);
});

t.test('a message that is taken up or handled twice counts once', async t => {
  const stream = arrived(2);
  stream.take(1);
  stream.done(1);
  stream.done(1);
  t.equal(stream.received, 2);
  t.equal(stream.handled, 1);
});

t.test('who begins with number 1 again is known by its count: what was taken up is not taken again', async t => {
  const stream = arrived(2);
  t.equal(stream.fromTheStart(), 2);
  t.same([stream.arrive(), stream.arrive(), stream.arrive()], [0, 0, 3]);
});

t.test('whatever the links do, each number is taken up once, in order', async t => {
  const step = fc.oneof(fc.record({ sends: fc.integer({ min: 1, max: 9 }), reach: fc.nat({ max: 9 }) }));
  const property = fc.property(fc.array(step, { maxLength: 30 }), links => {
    const stream = new InStream();
    const taken: number[] = [];
    let sent = 0;
    for (const { sends, reach } of links) {
      let next = stream.rewind() + 1;
      sent = Math.max(sent, next - 1 + sends);
      for (let n = 0; n < reach && next <= sent; n += 1, next += 1) {
        const number = stream.arrive();
        if (number === 0) continue;
        assert.equal(number, next);
        stream.take(number);
        taken.push(number);
      }
    }
    assert.deepEqual(
      taken,
      taken.map((_, at) => at + 1),
    );
  });
  fc.assert(property);
  t.pass();
});
