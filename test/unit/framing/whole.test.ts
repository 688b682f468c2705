import t from 'tap';
import { pack, unpack } from '../../../lib/framing/index.ts';

t.test('a packet is one text, and a text one packet', async t => {
  t.equal(unpack(Buffer.from('PING v=é'), 1024), 'PING v=é');
  t.same(pack('PING v=é', 1024), Buffer.from('PING v=é'));
  t.equal(unpack(Buffer.alloc(0), 1024), '');
  t.same(
    pack(unpack(Buffer.of(0x50, 0xff, 0x0a), 9) ?? '', 9),
    Buffer.of(0x50, 0xff, 0x0a),
    'any bytes, line feeds too',
  );
});

t.test('a packet as long as the limit is good, one byte more is not', async t => {
  t.equal(unpack(Buffer.alloc(1024, 'x'), 1024)?.length, 1024);
  t.equal(unpack(Buffer.alloc(1025, 'x'), 1024), undefined);
  t.equal(pack('x'.repeat(1024), 1024).length, 1024);
  t.throws(() => pack('x'.repeat(1025), 1024), {
    name: 'LimitError',
    code: 'DATAGRAM_TOO_LONG',
    message: 'the message has 1025 bytes, a datagram holds 1024',
  });
});

t.test('bytes are counted, not characters', async t => {
  t.equal(pack('é'.repeat(512), 1024).length, 1024);
  t.throws(() => pack('é'.repeat(513), 1024), { code: 'DATAGRAM_TOO_LONG' });
  t.throws(() => pack('€'.repeat(342), 1024), { code: 'DATAGRAM_TOO_LONG' });
});
