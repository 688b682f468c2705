// Our service at a recorded communicatord: what it says are the frames that the recorded services said, and it hears what
// the daemon said then.

import type { Test } from 'tap';
import t from 'tap';
import { Communicator } from '../../lib/index.ts';
import { Service } from '../../lib/protocol/service/index.ts';
import type { Raw } from '../scenario/raw.ts';
import { RawServer } from '../scenario/raw.ts';
import { until } from '../support/world.ts';
import { recording } from './replay-kit.ts';

const records = recording('10-communicatord');

/** What a C++ peer makes of a line of ours. */
function withoutExtras(text: string): string {
  return text.replace(/_(?:session|once)=[^;\n]*;?/g, '').replace(/ (?=\n)/, '');
}

/** The list of the recording was written by hand; C++ services say it sorted, as ours do. */
function listSorted(bytes = ''): string {
  const [, head = '', list = ''] = /^(COMMANDS list=)(\S+)\n$/.exec(bytes) ?? [];
  return `${head}${list.split(',').sort().join(',')}\n`;
}

interface Stage {
  readonly service: Service;
  readonly daemon: RawServer;
  readonly raw: Raw;
  readonly heard: string[];
  readonly over: Promise<void>;
}

async function stage(t: Test, name: string): Promise<Stage> {
  const daemon = await RawServer.listen();
  const communicator = new Communicator();
  const heard: string[] = [];
  const service = new Service(name, { broker: daemon.address, communicator, link: { pause: { list: [1] } } })
    .on('HELLO', message => heard.push(`${message.from.server}:${message.from.service} ${message.get('text')}`))
    .on('PONG', message => heard.push(`PONG ${message.get('n')}`));
  const over = service.run();
  t.teardown(async () => {
    daemon.close();
    await communicator.stop(10);
  });
  return { service, daemon, raw: await daemon.connection(0), heard, over };
}

const said = (conn: string, from: number): { dir: string; bytes: string }[] =>
  records
    .flatMap(one => (one.conn === conn && one.dir && one.bytes ? [{ dir: one.dir, bytes: one.bytes }] : []))
    .slice(from);

t.test('REGISTER, HELP, READY, COMMANDS: byte for byte as the recorded services', async t => {
  for (const [conn, name] of [
    ['A', 'alpha'],
    ['B', 'beta'],
  ] as const) {
    const { service, raw } = await stage(t, name);
    const [register, answer, commands] = said(conn, 0);
    t.equal(withoutExtras(await raw.line()), register?.bytes);
    t.equal(service.state, 'registering');
    raw.send(answer?.bytes ?? '');
    t.equal(withoutExtras(await raw.line()), listSorted(commands?.bytes));
    await until('started', () => service.state === 'started');
  }
});

t.test('it handles what the daemon forwarded then, and answers to where that came from', async t => {
  const { service, raw, heard } = await stage(t, 'beta');
  await raw.line();
  const lines = said('B', 0).filter(({ dir }) => dir === 'daemon->service');
  raw.send(lines[0]?.bytes ?? '');
  await raw.line();
  const forwarded = lines.slice(1).map(({ bytes }) => bytes);
  t.equal(forwarded.filter(bytes => bytes.includes('HELLO')).length, 10);
  for (const bytes of forwarded) raw.send(bytes);
  await until('all have come', () => heard.length === 10);
  t.same(heard.slice(0, 5), [
    'benchsrv:alpha hi',
    'benchsrv:alpha hi',
    'benchsrv:alpha hi',
    'benchsrv:alpha a;b',
    'benchsrv:alpha all',
  ]);
  t.same(heard.at(-1), ': udp', 'a datagram has no sender');
  t.equal(await raw.line(), 'benchsrv:alpha/UNKNOWN command=NOTINLIST\n');
  service.send('alpha/PONG', { n: 1 });
  t.equal(await raw.line(), said('B', 0).find(({ bytes }) => bytes.startsWith('alpha/PONG'))?.bytes);
});

t.test('what was sent before READY waits for it; the guarantee is the one of a peer without sessions', async t => {
  const { service, raw } = await stage(t, 'alpha');
  const delivery = service.deliver('beta/HELLO', { text: 'hi' });
  await raw.line();
  t.equal(raw.rest, '', 'nothing goes out before READY');
  raw.send(said('A', 1)[0]?.bytes ?? '');
  t.equal(withoutExtras(await raw.line()), listSorted(said('A', 2)[0]?.bytes));
  t.equal(withoutExtras(await raw.line()), 'beta/HELLO text=hi\n');
  t.same(await delivery, { guarantee: 'at-most-once' });
});

t.test('STOP, QUITTING and stop() end it with UNREGISTER, and wait for the daemon to close', async t => {
  for (const way of ['STOP\n', '<benchsrv:communicatord QUITTING\n', 'stop()']) {
    const { service, raw, over } = await stage(t, 'gamma');
    await raw.line();
    raw.send(said('D', 1)[0]?.bytes ?? '');
    await raw.line();
    await until('started', () => service.state === 'started');
    if (way === 'stop()') void service.stop();
    else raw.send(way);
    t.equal(await raw.line(), said('D', 2)[0]?.bytes, way);
    t.equal(service.state, 'leaving');
    raw.socket.end();
    await over;
    t.equal(service.state, 'ended');
  }
});

t.test('it registers again on each link, and a daemon that refuses is asked again', async t => {
  const { service, daemon, raw } = await stage(t, 'alpha');
  await raw.line();
  raw.send('INVALID command=REGISTER;message=the name is taken\n');
  const second = await daemon.connection(1);
  t.equal(withoutExtras(await second.line()), said('A', 0)[0]?.bytes);
  second.send(said('A', 1)[0]?.bytes ?? '');
  await until('started', () => service.state === 'started');
  second.destroy();
  const third = await daemon.connection(2);
  t.equal(withoutExtras(await third.line()), said('A', 0)[0]?.bytes);
});
