// The text of events: the vectors of the original, and what else may come.

import fc from 'fast-check';
import t from 'tap';
import {
  callbackPath,
  cleanPath,
  codes,
  readEnvelope,
  readEvent,
  readId,
  writeEnvelope,
  writeEvent,
} from '../../../lib/protocol/qio/wire.ts';

t.test('events are read as the original reads them', async t => {
  const rows: readonly (readonly [text: string, path: string, id: number | bigint, json: string])[] = [
    ['/a:1=null', '/a', 1, 'null'],
    ['/a:1=', '/a', 1, ''],
    [':1=', '', 1, ''],
    ['/a:-1=x', '/a', 18446744073709551615n, 'x'],
    ['/a:+1=x', '/a', 1, 'x'],
    ['/a: 1=x', '/a', 1, 'x'],
    ['/a:01=x', '/a', 1, 'x'],
    ['/a:1==', '/a', 1, '='],
    ['/a:1=a:b', '/a', 1, 'a:b'],
    ['/a=b:1=c', '/a=b', 1, 'c'],
    ['/a:18446744073709551615=x', '/a', 18446744073709551615n, 'x'],
    ['/a:9007199254740991=x', '/a', 9007199254740991, 'x'],
    ['/a:9007199254740993=x', '/a', 9007199254740993n, 'x'],
    ['/a:-18446744073709551615=x', '/a', 1, 'x'],
    ['/a:-0=x', '/a', 0, 'x'],
    [`/a:${'0'.repeat(100_000)}7=x`, '/a', 7, 'x'],
    ['/a:1=x\0y', '/a', 1, 'x'],
  ];
  for (const [text, path, id, json] of rows) t.strictSame(readEvent(text), { path, id, json }, text.slice(0, 40));
});

t.test('what is no event is nothing', async t => {
  const rows = [
    'lolno',
    '',
    '/a:=null',
    '/a:1',
    '/a=1',
    '/qio/ping=null',
    '/qio/ping:1',
    '/a:1:2=x',
    '/a:b=1',
    '/a:1b=1',
    '/a:0x1=x',
    '/a:1 =x',
    '/a: =x',
    '/a:+=x',
    '/a:--1=x',
    '/a:1e3=x',
    '/a:18446744073709551616=x',
    '/a:-18446744073709551616=x',
    '/a:184467440737095516100000=null',
    '/a\0:1=x',
    '/a:1\0=x',
    `/a:${'9'.repeat(100_000)}=x`,
  ];
  for (const text of rows) t.equal(readEvent(text), undefined, JSON.stringify(text.slice(0, 40)));
});

t.test('paths are cleaned as the original cleans them', async t => {
  const rows: readonly (readonly [given: string, clean: string])[] = [
    ['//qio//ping//', '/qio/ping'],
    ['/qio/**/ping', '/qio/ping'],
    ['/a.b', '/ab'],
    ['/a b/c', '/ab/c'],
    ['/a=b', '/ab'],
    ['/app/@user/(new)>>>>', '/app/user/new'],
    ['/', ''],
    ['///', ''],
    ['/***/', ''],
    ['', ''],
    ['qio/ping***&^^$#@:1=null', 'qio/ping1null'],
    ['/qio/ping', '/qio/ping'],
    ['qio/ping', 'qio/ping'],
    ['/Qio/_-9', '/Qio/_-9'],
    ['/__proto__/constructor', '/__proto__/constructor'],
    ['/ä/b', '/b'],
    ['/a\n/b\n', '/a/b'],
    ['a/', 'a'],
  ];
  for (const [given, clean] of rows) t.equal(cleanPath(given), clean, JSON.stringify(given));
});

t.test('a clean path is clean, and cleaning it again changes nothing', async t => {
  const any = fc.string({ unit: fc.constantFrom('/', 'a', 'B', '9', '_', '-', '.', ' ', 'é', ':', '=') });
  fc.assert(
    fc.property(any, path => {
      const clean = cleanPath(path);
      return /^(?:\/?[\w-]+(?:\/[\w-]+)*)?$/.test(clean) && cleanPath(clean) === clean;
    }),
  );
  t.pass('for any path');
});

t.test('what is written is read back', async t => {
  const id = fc.oneof(
    fc.nat(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.constantFrom(0, Number.MAX_SAFE_INTEGER),
  );
  fc.assert(
    fc.property(fc.webPath(), id, fc.json(), (some, id, json) => {
      const path = cleanPath(some);
      const back = readEvent(writeEvent(path, id, json));
      return back !== undefined && back.path === path && back.id === id && back.json === json;
    }),
  );
  t.pass('for any event');
});

t.test('anything at all can be read, in time that grows with its length', async t => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      const event = readEvent(text);
      return event === undefined || event.path.length + event.json.length < text.length;
    }),
  );
  const [huge, blanks] = ['/'.repeat(1_000_000), ' '.repeat(1_000_000)];
  t.equal(cleanPath(huge), '');
  t.equal(cleanPath(`${'/a'.repeat(500_000)}.`).length, 1_000_000);
  t.equal(readEvent(`/a:${blanks}1=`)?.id, 1);
  t.equal(readEvent(`/a:${blanks}`), undefined);
});

t.test('an id alone', async t => {
  t.equal(readId('65537'), 65_537);
  for (const none of ['', 'nope', '1a', '-', '1 ']) t.equal(readId(none), undefined, none);
});

t.test('callbacks have their path and their envelope, key by key', async t => {
  t.equal(callbackPath(7), '/qio/callback/7');
  t.equal(callbackPath(18446744073709551615n), '/qio/callback/18446744073709551615');
  t.equal(writeEnvelope(codes.ok, ''), '{"code":200,"data":null}');
  t.equal(writeEnvelope(codes.ok, '"x"', 'not said'), '{"code":200,"data":"x"}');
  t.equal(writeEnvelope(codes.unknown, ''), '{"code":404,"data":null,"err_msg":null}');
  t.equal(
    writeEnvelope(codes.badData, '[1]', 'Error with "key" in json.'),
    '{"code":400,"data":[1],"err_msg":"Error with \\"key\\" in json."}',
  );
  t.equal(writeEvent('/a', 0, ''), '/a:0=null');
});

t.test('an envelope is read, whatever came', async t => {
  t.same(readEnvelope('{"code":200,"data":[1]}'), { code: 200, data: [1], reason: null });
  t.same(readEnvelope('{"code":404,"data":null,"err_msg":"x"}'), { code: 404, data: null, reason: 'x' });
  t.same(readEnvelope('{"code":200}'), { code: 200, data: null, reason: null });
  for (const none of ['', 'null', '1', '[]', '{"code":"200"}', '{nope']) t.equal(readEnvelope(none), undefined, none);
});

t.test('a million zeros cost no more than their length', async t => {
  const zeros = '0'.repeat(1_000_000);
  t.equal(readId(`${zeros}7`), 7);
  const began = performance.now();
  for (const wrong of [`${zeros}x`, `0x${zeros}`, `${zeros}1x`]) t.equal(readId(wrong), undefined);
  // In the square of the length it would be hours.
  t.ok(performance.now() - began < 10_000);
});
