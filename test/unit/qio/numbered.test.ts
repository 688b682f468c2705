// The tests of the original, by their numbers: what is said over raw streams, and what comes back.

import t from 'tap';
import { no, ok } from './answers.ts';
import { framed, Stage, settled } from './stage.ts';
import { testApp } from './test-app.ts';

const ping = '/qio/ping:1=null';
const huge = '18446744073709551615';

/** In order, on a connection of its own for each number. */
const rows: readonly (readonly [number: string, says: readonly string[], hears: readonly string[]])[] = [
  ['6 a path nobody has', ['/t:1='], [no(1, 404)]],
  ['7 the beginning of paths', ['/test:1='], [no(1, 404)]],
  ['9 two pings at once', [ping, '/qio/ping:2='], [ok(1), ok(2)]],
  ['17 any other path', ['/i/can/haz/404:1=null'], [no(1, 404)]],
  ['18 paths are cleaned', ['//qio//ping//:1=', 'qio/ping:2=', '/qio/**/p.ing:3='], [ok(1), ok(2), ok(3)]],
  ['20 a wish that is no text', ['/qio/on:1="\xdcufff'], [no(1, 404)]],
  ['25 a handler answers', ['/test/good:1={"key": "value"}'], [ok(1, '"test"')]],
  ['26 or refuses', ['/test/good:2='], [no(2, 400, 'Error with "key" in json.')]],
  ['28 on, off', ['/qio/on:1="/test/good"', '/qio/off:2="/test/good"'], [ok(1), ok(2)]],
  ['29 off without on', ['/qio/off:1="/test/good"'], [ok(1)]],
  ['31 on for nothing', ['/qio/on:1="/nope"', '/qio/off:2="/nope"'], [no(1, 404), no(2, 404)]],
  ['33 on twice', ['/qio/on:1="/test/good"', '/qio/on:2="/test/good"'], [ok(1), ok(2)]],
  ['35 rejected', ['/qio/on:1="/test/reject"'], [no(1, 401)]],
  [
    '45 wishes that are none',
    [
      '/qio/on:1=null',
      '/qio/off:2={"test":null}',
      '/qio/on:3=12312',
      '/qio/on:4={"test":null}',
      '/qio/off:5=null',
      '/qio/on:6=["/test/good"]',
      '/qio/on:7=[1,2]',
      '/qio/on:8=["/test/good",',
      '/qio/on:9=',
      '/qio/off:10=["/test/good",1]',
      '/qio/on:11=[]',
    ],
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(id => no(id, 400, 'invalid json ev_path')),
  ],
  ['55 no id of a callback', ['/qio/callback/nope:1=null'], [no(1, 400, 'invalid server callback id')]],
  [
    '55 none at all',
    ['/qio/callback:1=null', '/qio/callback/0:2=1'],
    [1, 2].map(id => no(id, 400, 'invalid server callback id')),
  ],
  ['56 no such callback', ['/qio/callback/1:1=null'], [no(1, 404, "callback doesn't exist")]],
  [
    '59 in no slot',
    [0, 1, 2, 3, 4, 5, 6, 7].map(slot => `/qio/callback/${(slot << 16) | 1}:${slot + 1}=null`),
    [1, 2, 3, 4, 5, 6, 7, 8].map(id => no(id, 404, "callback doesn't exist")),
  ],
  [
    '59 beyond all slots',
    [`/qio/callback/${huge}:1=`, '/qio/callback/4294967297:2='],
    [1, 2].map(id => no(id, 404, "callback doesn't exist")),
  ],
  ['113 any letters', ['/qio/on:1="/日本/ ☃\\u0000"', '/qio/off:2="🦡"'], [no(1, 404), no(2, 404)]],
  [
    '114 any path and id',
    [`/🦡:${huge}=x`, '/a:9007199254740993=', '/b:-1=', '/qio/ping:18446744073709551614='],
    [no(BigInt(huge), 404), no(9007199254740993n, 404), no(BigInt(huge), 404), ok(18446744073709551614n)],
  ],
  ['ping, whatever its data', ['/qio/ping:1={nope', '/qio/ping:0=1', '/qio/ping:2='], [ok(1), ok(2)]],
  ['hostname, where none is set', ['/qio/hostname:1='], [ok(1)]],
  [
    'words of the server, from a client',
    ['/qio/heartbeat:1=', '/qio/move:2="x"', '/qio/ohai:3=', '/qio:4=', '/qio/nope:5='],
    [1, 2, 3, 4, 5].map(id => no(id, 404)),
  ],
  [
    'nobody subscribes to these',
    ['/qio/on:1="/qio/ping"', '/qio/on:2="/qio/on"', '/qio/on:3="/qio/callback/1"', '/qio/on:4="/open"'],
    [no(1, 401), no(2, 401), no(3, 404), no(4, 404)],
  ],
  ['no handler', ['/test/with-send:1=', '/test/reject:2='], [no(1, 500), no(2, 500)]],
  [
    'data with a wish',
    ['/qio/on:1=["/test/good-data",123987]', '/qio/on:2=["/test/good-data2",1,2]'],
    [ok(1), no(2, 404)],
  ],
  ['other data with it', ['/qio/on:1=["/test/good-data",1]', '/qio/on:2="/test/good-data"'], [no(1, 401), no(2, 401)]],
  [
    'names of the language itself',
    ['/__proto__:1=', '/qio/on:2="/__proto__"', '/test/constructor:3=', '/qio/on:4="/test/good-childs/__proto__"'],
    [no(1, 404), no(2, 404), no(3, 404), ok(4)],
  ],
  ['no answer is asked for', ['/nope:0=', '/qio/ping:0=', '/qio/on:0="/nope"', ping], [ok(1)]],
];

t.test('what is said, and what comes back', async t => {
  const stage = new Stage();
  await stage.server({ apps: [testApp()] });
  for (const [number, says, hears] of rows) {
    const client = await stage.raw();
    t.same(await client.ask(...says), hears, number);
    t.equal(client.life, 'open', `${number}: it lives`);
    client.channel.destroy();
  }
  await stage.end();
});

/** After the handshake, as bytes. */
const fatal: readonly (readonly [number: string, bytes: Buffer])[] = [
  ['3 lolno', framed('lolno')],
  ['4 no data', framed('/qio/ping:1')],
  ['5 no id', framed('/qio/ping=null')],
  ['10 a length of all ones', Buffer.alloc(8, 0xff)],
  ['14 an id that is too long', framed('/qio/ping:184467440737095516100000=null')],
  ['an empty event', framed('')],
  ['a length beyond the limit', Buffer.from('0000000000100001', 'hex')],
  ['117 no frame at all', Buffer.from('this is no frame, by no means')],
];

t.test('what ends a connection, and that one alone', async t => {
  const stage = new Stage();
  await stage.server({ apps: [testApp()] });
  const other = await stage.raw();
  for (const [number, bytes] of fatal) {
    const client = await stage.raw();
    await client.bytes(bytes);
    await settled();
    t.equal(client.life, 'closed', number);
    t.same(await other.ask(ping), [ok(1)], `${number}: the others go on`);
  }
  await stage.end();
});

t.test('1 a greeting in two pieces; 2 a frame in three', async t => {
  const stage = new Stage();
  await stage.server();
  const client = await stage.stranger();
  await client.bytes('/qio', '/ohai');
  t.same(client.heard, ['/qio/ohai']);
  const frame = framed(ping);
  await client.bytes(frame.subarray(0, 2), frame.subarray(2, 12), frame.subarray(12));
  t.same(client.heard, [ok(1)]);
  for (const byte of framed('/qio/ping:2=')) await client.bytes(Buffer.from([byte]));
  t.same(client.heard, [ok(2)], 'byte by byte');
  await stage.end();
});

t.test('what comes with the greeting is not lost', async t => {
  const stage = new Stage();
  await stage.server();
  const client = await stage.stranger();
  await client.bytes(Buffer.concat([Buffer.from('/qio/ohai'), framed(ping)]));
  await settled();
  t.match(client.heard.join(' '), '/qio/callback/1:0=');
  await stage.end();
});

t.test('15 and 16 the policy of old players, in one piece and in two', async t => {
  const stage = new Stage();
  await stage.server();
  const policy = '<cross-domain-policy><allow-access-from domain="*" to-ports="*" /></cross-domain-policy>';
  for (const pieces of [['<policy-file-request/>'], ['<policy-file-', 'request/>\0']]) {
    const client = await stage.stranger();
    await client.bytes(...pieces);
    await settled();
    t.same(client.heard, [policy]);
    t.equal(client.life, 'closed');
  }
  await stage.end();
});

t.test('a greeting that is none ends it', async t => {
  const stage = new Stage();
  await stage.server();
  for (const greeting of ['/qio/hello', 'x', '<policy-x', '/qio/ohaX']) {
    const client = await stage.stranger();
    await client.bytes(greeting);
    await settled();
    t.equal(client.life, 'closed', greeting);
    t.same(client.heard, []);
  }
  await stage.end();
});
