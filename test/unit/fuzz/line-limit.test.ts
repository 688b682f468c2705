// The longest line is so many bytes, also where they are no UTF-8.

import t from 'tap';
import { LineSlicer } from '../../../lib/framing/index.ts';

t.test('a line of bytes that are no characters may be as long as any other', async t => {
  for (const byte of [0x41, 0x80, 0xc3, 0xff]) {
    const slicer = new LineSlicer(12);
    slicer.push(Buffer.from([...Array<number>(12).fill(byte), 10]));
    t.doesNotThrow(() => t.equal(slicer.next(), true), `12 bytes ${byte.toString(16)}`);
    slicer.push(Buffer.from([...Array<number>(13).fill(byte), 10]));
    t.throws(() => slicer.next(), { code: 'LINE_TOO_LONG' }, `13 bytes ${byte.toString(16)}`);
  }
});
