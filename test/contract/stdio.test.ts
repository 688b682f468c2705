import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { formatAddress, parseAddress, stdio, tcp } from '../../lib/index.ts';
import { until } from '../support/world.ts';
import { hello, listenTo, never } from './ear.ts';
import { transportContract } from './transport.ts';

const folder = mkdtempSync(join(tmpdir(), 'ed-stdio-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** A child that carries bytes between its standard streams and a place, ends and all. */
const bridge = join(folder, 'bridge.cjs');
writeFileSync(
  bridge,
  `
  const port = Number(process.argv[2]);
  const socket = require('net').connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const output = new (require('net').Socket)({ fd: 1, readable: false, writable: true });
  process.stdin.pipe(socket).pipe(output);
  for (const stream of [process.stdin, socket, output]) stream.on('error', () => process.exit(1));
  socket.on('close', () => output.end(() => process.exit(0)));
  `,
);

const children = stdio({ kill: 100 });
const places = tcp();

transportContract('stdio', {
  transport: {
    listen: places.listen,
    dial: ({ port }, signal) => children.dial(parseAddress(`stdio:${process.execPath} ${bridge} ${port}`), signal),
  },
  address: () => parseAddress('tcp://127.0.0.1:0'),
  shared: 'no',
});

const run = (program: string): string => {
  const path = join(folder, `${Math.random()}.cjs`);
  writeFileSync(path, program);
  return `stdio:${process.execPath} ${path}`;
};

t.test('what cannot be started is refused, and nobody listens', async t => {
  const address = parseAddress('stdio:/nowhere/at/all');
  t.equal(formatAddress(address), 'stdio:/nowhere/at/all');
  await t.rejects(children.dial(address, never), { code: 'DIAL_FAILED', message: /^cannot reach stdio:.*ENOENT/ });
  await t.rejects(children.listen(address, { accept: () => undefined, trouble: () => undefined }), {
    code: 'LISTEN_FAILED',
  });
  const reason = new Error('no');
  await t.rejects(children.dial(address, AbortSignal.abort(reason)), reason);
});

t.test('a child that ends is a stream that ends, after all it has said', async t => {
  const channel = await children.dial(parseAddress(run('process.stdout.write("x".repeat(1e6))')), never);
  const ear = listenTo(channel);
  await ear.hears('ended');
  t.equal(ear.length, 1e6);
  channel.close();
  await ear.hears('closed');
  t.equal(ear.reason, undefined);
});

t.test('a child that does not end is told to, and killed', async t => {
  const program = `
    process.on('SIGTERM', () => process.stdout.write('no'));
    process.stdin.on('data', () => process.stdout.write(String(process.pid))).on('end', () => undefined);
    setInterval(() => 0, 1000);
  `;
  const channel = await children.dial(parseAddress(run(program)), never);
  const ear = listenTo(channel);
  channel.send(hello);
  await until('it says who it is', () => ear.length > 0);
  const pid = Number(ear.text);
  channel.close(10);
  await ear.hears('closed');
  await until('it is gone', () => {
    try {
      return !process.kill(pid, 0);
    } catch {
      return true;
    }
  });
  t.same(ear.order.at(-1), 'closed');
});

t.test('our own standard streams are a link as well', async t => {
  const library = new URL('../../lib/index.js', import.meta.url).href;
  const program = `
    import(${JSON.stringify(library)}).then(({ Communicator, Dispatcher }) => {
      const communicator = new Communicator();
      const dispatcher = new Dispatcher()
        .on('DAD', (message, peer) => peer.send(message.reply('CLIMB')))
        .on('QUIT', () => communicator.stop());
      communicator.connect('stdio:-', { dispatcher, opened: link => link.send('HI') });
    });
  `;
  const channel = await children.dial(parseAddress(run(program)), never);
  const ear = listenTo(channel);
  await until('it greets', () => ear.text === 'HI\n');
  channel.send(Buffer.from('DAD\nQUIT\n'));
  await ear.hears('ended');
  t.equal(ear.text, 'HI\nCLIMB\n');
  channel.close();
  await ear.hears('closed');
});

t.test('it sees the environment and the folder that it is given', async t => {
  const transport = stdio({ cwd: '/', env: { ED_TEST: 'here' } });
  const channel = await transport.dial(parseAddress(run('console.log(process.cwd(), process.env.ED_TEST)')), never);
  const ear = listenTo(channel);
  await ear.hears('ended');
  t.equal(ear.text, '/ here\n');
  channel.close();
});
