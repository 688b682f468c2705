// The lines of streams.

import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import t from 'tap';
import { folderOf } from '../support/folder.ts';
import { until } from '../support/world.ts';
import { gate, worldOf } from './stairs.ts';

t.test('hands over each line, however it was cut, up to the end', async t => {
  const { communicator } = worldOf(t);
  const bytes = Buffer.from('one\r\n\nzwei ä\nlast');
  const heard: string[] = [];
  const stream = Readable.from([...bytes].map(byte => Buffer.from([byte])));
  const lines = communicator.lines(stream, line => void heard.push(line), { name: 'input' });
  t.match(lines.snapshot(), { kind: 'lines', name: 'input', state: 'reading', count: 0 });
  await communicator.run();
  t.same(heard, ['one', '', 'zwei ä', 'last']);
  t.match(lines.snapshot(), { state: 'closed', count: 4 });
  t.ok(stream.destroyed);
});

t.test('a file of many lines comes in order, and others get their turn', async t => {
  const { communicator } = worldOf(t, { turn: { messages: 10 } });
  const path = join(folderOf(t), 'many.txt');
  writeFileSync(path, Array.from({ length: 5_000 }, (_, n) => `${n}\n`).join(''));
  let count = 0;
  let rounds = 0;
  const round = (): void => {
    rounds += 1;
    if (lines.state !== 'closed') setImmediate(round);
  };
  const lines = communicator.lines(createReadStream(path), line => {
    if (line !== String(count)) t.fail(`${line} at ${count}`);
    count += 1;
  });
  round();
  await communicator.run();
  t.equal(count, 5_000);
  t.ok(rounds >= 100, `the loop went round ${rounds} times, 10 lines in each at most`);
});

t.test('a line waits for the promise of the one before, and whoever writes waits too', async t => {
  const { communicator } = worldOf(t);
  const stream = new PassThrough({ highWaterMark: 64 });
  const first = gate();
  const heard: string[] = [];
  communicator.lines(stream, line => {
    heard.push(line);
    return heard.length === 1 ? first.promise : undefined;
  });
  stream.write('a\nb\n');
  await until('the first', () => heard.length === 1);
  t.match(communicator.connections[0]?.unfinished, { handlers: 1 });
  let room = true;
  for (let count = 0; room && count < 100; count += 1) {
    room = stream.write(`${'x'.repeat(30)}\n`);
    await new Promise(resolve => setImmediate(resolve));
  }
  t.equal(room, false);
  t.same(heard, ['a']);
  first.open();
  stream.end('z\n');
  await communicator.run();
  t.same([heard[1], heard.at(-1)], ['b', 'z']);
});

t.test('a handler that throws or rejects is logged, the next line comes', async t => {
  const { communicator, log } = worldOf(t);
  const heard: string[] = [];
  communicator.lines(Readable.from(['a\nb\nc\n']), line => {
    heard.push(line);
    if (line === 'a') throw new Error('broken');
    return line === 'b' ? Promise.reject(new Error('broken too')) : undefined;
  });
  await communicator.run();
  t.same(heard, ['a', 'b', 'c']);
  t.same(log.texts('error'), ['handler of a line failed: broken', 'handler of a line failed: broken too']);
});

t.test('disabled it reads nothing, enabled it goes on', async t => {
  const { communicator } = worldOf(t);
  const stream = new PassThrough();
  const heard: string[] = [];
  const lines = communicator.lines(stream, line => void heard.push(line));
  lines.disable();
  stream.write('a\nb\n');
  await new Promise(resolve => setImmediate(resolve));
  t.same(heard, []);
  lines.enable();
  await until('both', () => heard.length === 2);
  lines.stop();
  t.ok(stream.destroyed);
  t.equal(lines.state, 'closed');
});

t.test('a stream that fails, ends early, or has a line too long is told', async t => {
  const cases: [Readable, RegExp, (stream: Readable) => void][] = [
    [new PassThrough(), /^input: broken$/, stream => stream.destroy(new Error('broken'))],
    [new PassThrough(), /^input: it was closed before its end$/, stream => stream.destroy()],
    [Readable.from(['a\n', 'x'.repeat(20)]), /^input: .*10/, () => undefined],
    [createReadStream('/no/such/file'), /^input: ENOENT/, () => undefined],
    [createReadStream('/'), /^input: EISDIR/, () => undefined],
    [new PassThrough().destroy(), /^input: it has ended already$/, () => undefined],
  ];
  for (const [stream, pattern, act] of cases) {
    const { communicator, log } = worldOf(t);
    const reasons: (Error | undefined)[] = [];
    const lines = communicator.lines(stream, () => undefined, { name: 'input', longest: 10 });
    lines.on('close', reason => reasons.push(reason));
    act(stream);
    await t.rejects(communicator.run(), { code: 'CLOSED', message: pattern });
    t.equal(log.texts('error').length, 1);
    t.equal(lines.state, 'closed');
  }
});

t.test('options that do not exist or do not fit are refused', async t => {
  const { communicator } = worldOf(t);
  const stream = new PassThrough();
  t.throws(() => communicator.lines(stream, () => 0, { longest: 0 }), { code: 'OUT_OF_RANGE' });
  t.throws(() => communicator.lines(stream, () => 0, { encoding: 'utf8' } as object), { code: 'UNKNOWN_OPTION' });
});
