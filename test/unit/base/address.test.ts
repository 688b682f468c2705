import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { formatAddress, formatHostPort, parseAddress, parseHostPort } from '../../../lib/base/address.ts';

const refused = { name: 'UsageError', code: 'INVALID_ADDRESS' };

t.test('reads a scheme, a host and a port', async t => {
  t.same(parseAddress('tcp://example.org:3001'), { scheme: 'tcp', host: 'example.org', port: 3001, path: '' });
  t.same(parseAddress('udp://127.0.0.1:0/'), { scheme: 'udp', host: '127.0.0.1', port: 0, path: '' });
  t.same(parseAddress('tcp://[::1]:65535'), { scheme: 'tcp', host: '::1', port: 65_535, path: '' });
  t.same(parseAddress('tcp://[fe80::1%eth0]:1'), { scheme: 'tcp', host: 'fe80::1%eth0', port: 1, path: '' });
});

t.test('reads paths of unix sockets and names of memory addresses', async t => {
  t.same(parseAddress('unix:/run/service.sock'), { scheme: 'unix', host: '', port: 0, path: '/run/service.sock' });
  t.same(parseAddress('unix:///run/a b:c.sock').path, '/run/a b:c.sock');
  t.same(parseAddress('unix:relative.sock').path, 'relative.sock');
  t.same(parseAddress('memory:here'), { scheme: 'memory', host: '', port: 0, path: 'here' });
  t.same(parseAddress('systemd:web'), { scheme: 'systemd', host: '', port: 0, path: 'web' });
  t.same(formatAddress(parseAddress('systemd:3', 'tcp')), 'systemd:3');
});

t.test('reads a host, a port and a path of WebSockets', async t => {
  const at = (scheme: string, host: string, port: number, path: string): object => ({ scheme, host, port, path });
  t.same(parseAddress('ws://h:3001/api/socket'), at('ws', 'h', 3001, '/api/socket'));
  t.same(parseAddress('wss://h:3001/a?name=b:c/d'), at('wss', 'h', 3001, '/a?name=b:c/d'));
  t.same(parseAddress('ws://[::1]:0/a'), at('ws', '::1', 0, '/a'));
  t.same(parseAddress('ws://h:1'), at('ws', 'h', 1, '/'), 'as with a slash');
  t.same(parseAddress('ws://h/a'), at('ws', 'h', 80, '/a'));
  t.same(parseAddress('wss://[::1]'), at('wss', '::1', 443, '/'));
  t.same(parseAddress('h:1/a', 'ws'), at('ws', 'h', 1, '/a'));
  t.equal(formatAddress(parseAddress('ws://[::1]:1')), 'ws://[::1]:1/');
  for (const text of [
    'ws://',
    'ws:///a',
    'ws://h:/a',
    'ws://h:70000/',
    'ws://h?a',
    'ws://h/#a',
    'ws://h/a b',
    'ws://u@h/',
  ]) {
    t.throws(() => parseAddress(text), refused, text);
  }
  t.throws(() => parseAddress('ws://h:x/'), { message: '"ws://h:x/" is no address: write ws://host:port/path' });
});

t.test('takes the default scheme where none is written', async t => {
  t.same(parseAddress('127.0.0.1:3001', 'tcp'), { scheme: 'tcp', host: '127.0.0.1', port: 3001, path: '' });
  t.same(parseAddress('localhost:3001', 'tcp'), { scheme: 'tcp', host: 'localhost', port: 3001, path: '' });
  t.same(parseAddress('[::1]:3001', 'udp'), { scheme: 'udp', host: '::1', port: 3001, path: '' });
  t.equal(parseAddress('udp://h:1', 'tcp').scheme, 'udp', 'what is written wins');
  t.equal(parseAddress('unix:/s', 'tcp').scheme, 'unix');
});

t.test('refuses what is no address', async t => {
  const bad = ['', 'tcp', 'tcp://', 'tcp://h', 'tcp://h:', 'tcp://:1', 'tcp://h:65536', 'tcp://h:-1', 'tcp://h:1x'];
  const worse = [
    'tcp://::1:80',
    'tcp://[::1]',
    'tcp://[h]:1',
    'tcp://h h:1',
    'tcp://h:1/path',
    '127.0.0.1:3001',
    'h:1',
  ];
  for (const text of [...bad, ...worse, 'unix:', 'unix:/', 'unix://', 'memory:', '//h:1', 'TCP://h:1', ' tcp://h:1']) {
    t.throws(() => parseAddress(text), refused, text);
  }
  for (const text of ['h', 'h:99999', ':1', 'tcp:h:1']) t.throws(() => parseAddress(text, 'tcp'), refused, text);
  t.throws(() => parseAddress('tcp://h'), {
    message: '"tcp://h" is no address: write host:port, with a port of 0 to 65535',
  });
});

t.test('host and port are undefined where the text is something else', async t => {
  t.same(parseHostPort('1.2.3.4:80'), { host: '1.2.3.4', port: 80 });
  t.same(parseHostPort('[2001:db8::1]:80'), { host: '2001:db8::1', port: 80 });
  for (const text of ['', '1.2.3.4', '1.2.3.4:', ':80', '::1:80', '[::1]', 'h:80 ', 'h:080000', 'a/b:80']) {
    t.equal(parseHostPort(text), undefined, text);
  }
});

t.test('what is formatted is read back', async t => {
  const name = fc.stringMatching(/^[a-z0-9.-]{1,20}$/);
  const host = fc.oneof(name, fc.ipV4(), fc.ipV6());
  const withHost = fc.record({
    scheme: fc.constantFrom('tcp', 'udp', 'tls'),
    host,
    port: fc.integer({ min: 0, max: 65_535 }),
    path: fc.constant(''),
  });
  const withPath = fc.record({
    scheme: fc.constantFrom('unix', 'memory'),
    host: fc.constant(''),
    port: fc.constant(0),
    path: fc.stringMatching(/^[\w.:-][\w./: -]{0,30}$/),
  });
  const withBoth = fc.record({
    scheme: fc.constantFrom('ws', 'wss'),
    host,
    port: fc.integer({ min: 0, max: 65_535 }),
    path: fc.stringMatching(/^\/[\w./:?=&%-]{0,30}$/),
  });
  const comesBack = fc.property(fc.oneof(withHost, withPath, withBoth), address => {
    assert.deepEqual({ ...parseAddress(formatAddress(address)) }, { ...address });
  });
  t.doesNotThrow(() => fc.assert(comesBack, { numRuns: 200 }));
  t.equal(formatHostPort('::1', 80), '[::1]:80');
  t.equal(formatHostPort('h', 80), 'h:80');
});
