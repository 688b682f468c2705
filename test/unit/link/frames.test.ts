// The text of a frame is that of JSON, whatever it carries.

import fc from 'fast-check';
import t from 'tap';
import { readFrame, writeFrame } from '../../../lib/protocol/link/wire.ts';

const names = ['look_up_request', 'a.b:c-d_event', '', '"', 'a\\b', 'größe_event', '\u0001_event', '\ud800'];
const types = fc.oneof(fc.constantFrom(...names), fc.string({ unit: 'binary' }));
const numbers = fc.option(fc.nat());
const data = fc.dictionary(
  fc.string().filter(name => name !== 'seq' && name !== 'error'),
  fc.jsonValue(),
);

t.test('a frame is written as JSON writes it', async t => {
  fc.assert(
    fc.property(numbers, types, data, (seq, type, data) => {
      t.equal(writeFrame(seq, type, data), JSON.stringify({ seq, type, data }));
    }),
  );
});

t.test('the number of the request stands last in an answer, and first beside an error', async t => {
  fc.assert(
    fc.property(fc.nat(), types, data, fc.nat(), (seq, type, data, answers) => {
      const text = writeFrame(seq, type, data, answers);
      t.equal(text, JSON.stringify({ seq, type, data: { ...data, seq: answers } }));
      t.same(readFrame(Buffer.from(text)), JSON.parse(text));
    }),
  );
  const answer = (data: object): string => writeFrame(4, 'x_response', { ...data }, 3);
  t.equal(answer({}), '{"seq":4,"type":"x_response","data":{"seq":3}}');
  t.equal(answer({ error: 'no, "never"' }), '{"seq":4,"type":"x_response","data":{"seq":3,"error":"no, \\"never\\""}}');
  t.equal(answer({ nothing: undefined }), '{"seq":4,"type":"x_response","data":{"seq":3}}');
});
