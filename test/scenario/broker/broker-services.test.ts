// Services of ours and bare ones at one broker: names, sharing, confirmations, what absent services get and when.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Communicator, Dispatcher, decode, Message } from '../../../lib/index.ts';
import { LogBook, until } from '../../support/world.ts';
import { brokerStage } from './broker-stage.ts';

const later = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

t.test('a message is confirmed when the other service has handled it, and not before', async t => {
  const stage = await brokerStage(t);
  let finish = (): void => undefined;
  const handled: string[] = [];
  await stage.service('worker', {}, service =>
    service.on('JOB', message => {
      handled.push(`${message.from.server}:${message.from.service} ${message.get('id')}`);
      return new Promise<void>(resolve => {
        finish = resolve;
      });
    }),
  );
  const boss = await stage.service('boss');
  const seen: string[] = [];
  const delivery = boss.deliver('worker/JOB', { id: 1 }).then(({ guarantee }) => seen.push(guarantee));
  await until('it is being handled', () => handled.length === 1);
  await later(300);
  t.same(seen, [], 'not confirmed while the handler runs');
  finish();
  await delivery;
  t.same(seen, ['exactly-once-per-session']);
  t.same(handled, ['benchsrv:boss 1']);
});

t.test('requests and answers go both ways through it', async t => {
  const stage = await brokerStage(t);
  await stage.service('adder', {}, service =>
    service.on('ADD', (message, broker) =>
      broker.send(message.reply('SUM', { is: message.integer('a') + message.integer('b') })),
    ),
  );
  const asker = await stage.service('asker');
  const answer = await asker.request('adder/ADD', { a: 2, b: 3 });
  t.equal(answer.get('is'), '5');
  t.same(answer.from, { server: 'benchsrv', service: 'adder' });
  await t.rejects(asker.request('nobody/ADD', { a: 2, b: 3, cache: 'no' }, { timeout: 2_000 }), { code: 'REFUSED' });
});

t.test(
  'a message to a service that nobody knows is refused to its sender, counted, and reported where asked',
  async t => {
    const stage = await brokerStage(t);
    const heard: string[] = [];
    const boss = await stage.service('boss', {}, service =>
      service
        .on('TRANSMISSION_REPORT', message => heard.push(`report ${message.get('command')} ${message.get('status')}`))
        .on('SERVICE_UNAVAILABLE', message => heard.push(`unavailable ${message.get('destination_service')}`)),
    );
    await t.rejects(boss.deliver('nobody/JOB'), { code: 'REFUSED' });
    await t.rejects(boss.deliver('nobody/JOB', { transmission_report: 'failure' }), { code: 'REFUSED' });
    await t.rejects(boss.deliver('elsewhere:nobody/JOB'), { code: 'REFUSED' });
    await t.rejects(boss.deliver('boss/JOB'), { code: 'REFUSED' }, 'nobody sends to itself');
    await until('all is said', () => heard.length === 3);
    t.same(heard, ['unavailable nobody', 'report JOB failed', 'unavailable nobody']);
    t.equal(stage.broker.status.routes.unknown, 3);
  },
);

t.test(
  'a name belongs to one process; a dead one loses it, and what it had not confirmed goes to the next',
  async t => {
    const stage = await brokerStage(t, { limits: { probe: 100 } });
    const first: string[] = [];
    const one = await stage.service('worker', {}, service =>
      service.on('JOB', message => {
        first.push(message.get('id') ?? '');
        return new Promise<void>(() => undefined);
      }),
    );
    const raw = await stage.raw();
    raw.send('REGISTER service=worker;version=1\n');
    t.match(await raw.line(), /^INVALID command=REGISTER;message=service worker is registered already, and lives/);
    const boss = await stage.service('boss');
    const deliveries = [1, 2, 3].map(id => boss.deliver('worker/JOB', { id }));
    await until('the first is being handled', () => first.length === 1);
    one.link?.destroy();
    const second: string[] = [];
    await stage.service('worker', {}, service => service.on('JOB', message => second.push(message.get('id') ?? '')));
    await Promise.all(deliveries);
    t.same(second, ['1', '2', '3'], 'in their order');
  },
);

t.test('a C++ service that is dead is asked, does not answer, and is fenced off', async t => {
  const stage = await brokerStage(t, { limits: { probe: 100 } });
  const dead = await stage.member('worker');
  const next = await stage.raw();
  next.send('REGISTER service=worker;version=1\n');
  t.equal(await dead.line(), '<benchsrv:communicatord ALIVE serial=probe\n');
  t.equal(await next.line(), '<benchsrv:communicatord HELP\n');
  t.match(await next.line(), /READY my_address=127\.0\.0\.1:\d+\n/);
  await until('the dead one is closed', () => dead.closed || dead.ended);
});

t.test('processes that share a name are chosen in turn, the first, or the one with the least to do', async t => {
  for (const share of ['round_robin', 'first', 'least_pending'] as const) {
    const stage = await brokerStage(t);
    const counts = [0, 0, 0];
    for (const index of counts.keys()) {
      await stage.service('worker', { share, link: { concurrency: 100 } }, service =>
        service.on('JOB', () => {
          counts[index] = (counts[index] ?? 0) + 1;
          return share === 'least_pending' && index === 0 ? later(400) : undefined;
        }),
      );
    }
    const boss = await stage.service('boss');
    for (let id = 0; id < 3; id += 1) await Promise.all([0, 1, 2].map(() => boss.deliver('worker/JOB', { id })));
    const total = counts.reduce((sum, count) => sum + count, 0);
    t.equal(total, 9, share);
    if (share === 'round_robin') t.same(counts, [3, 3, 3]);
    if (share === 'first') t.same(counts, [9, 0, 0]);
    if (share === 'least_pending') t.same([...counts].sort(), [3, 3, 3]);
    const alone = await stage.raw();
    alone.send('REGISTER service=worker;version=1\n');
    t.match(await alone.line(), /^INVALID command=REGISTER/, 'who does not share is refused');
  }
});

t.test('broadcasts reach those who know the command, whatever they are', async t => {
  const stage = await brokerStage(t);
  const plain = await stage.member('plain', 'NEWS');
  const deaf = await stage.member('deaf');
  const heard: string[] = [];
  await stage.service('reader', {}, service => service.on('NEWS', message => heard.push(message.get('n') ?? '')));
  const boss = await stage.service('boss');
  for (const [n, target] of ['./NEWS', '?/NEWS', '*/NEWS', '*:*/NEWS'].entries()) boss.send(target, { n });
  for (const start of ['.', '?', '*', '*:*'])
    t.match(await plain.line(), new RegExp(`^<benchsrv:boss ${start.replace(/[.?*]/g, '\\$&')}/NEWS n=`));
  await until('the reader has all', () => heard.length === 4);
  t.equal(deaf.rest, '');
  boss.send('elsewhere:*/NEWS', { n: 9 });
  boss.send(Message.of('NEWS', { n: 5, broadcast_msgid: 'x-1' }, { to: { service: '*' } }));
  boss.send(Message.of('NEWS', { n: 6, broadcast_msgid: 'x-1' }, { to: { service: '*' } }));
  boss.send(Message.of('NEWS', { n: 7, broadcast_msgid: 'x-2', broadcast_timeout: 5 }, { to: { service: '*' } }));
  boss.send('*/NEWS', { n: 8 });
  await until('the last one came', () => heard.includes('8'));
  t.same(heard, ['0', '1', '2', '3', '5', '8'], 'one that came before, or too late, does not come');
});

t.test('who sends what it is not gets its own name, and a guest is answered under the name it gave', async t => {
  const stage = await brokerStage(t);
  const worker = await stage.member('worker', 'JOB');
  const liar = await stage.member('liar');
  liar.send('<benchsrv:communicatord worker/STOP\n<other:boss worker/JOB n=1\n');
  t.equal(await worker.line(), '<benchsrv:liar worker/STOP\n');
  t.equal(await worker.line(), '<benchsrv:liar worker/JOB n=1\n');
  const guest = await stage.raw();
  guest.send('<myhost:ed_signal worker/JOB n=2\n');
  t.equal(await worker.line(), '<benchsrv:guest_1 worker/JOB n=2\n');
  worker.send('benchsrv:guest_1/DONE n=2\n');
  t.equal(await guest.line(), '<benchsrv:worker myhost:ed_signal/DONE n=2\n');
  for (const name of ['communicatord', 'guest_1', 'a-b']) {
    guest.send(`REGISTER service=${name};version=1\n`);
    t.match(await guest.line(), /^INVALID command=REGISTER;message=.* is no name for a service/);
  }
});

t.test('STATUS goes to those who know it, at each change', async t => {
  const stage = await brokerStage(t);
  const watcher = await stage.member('watcher', 'STATUS');
  const worker = await stage.member('worker');
  t.match(
    await watcher.line(),
    /^<benchsrv:communicatord STATUS cache=no;server_name=benchsrv;service=worker;status=up;up_since=\d{10}\n$/,
  );
  worker.send('UNREGISTER service=worker\n');
  t.match(await watcher.line(), /STATUS cache=no;down_since=\d{10};server_name=benchsrv;service=worker;status=down\n$/);
  watcher.send('SERVICE_STATUS service=worker\n');
  t.match(await watcher.line(), /service=worker;status=down\n$/);
});

t.test('what absent services get: at once, later, or never, as the sender says', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'broker-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  const first = await brokerStage(t, { store: { directory }, services: ['printer'] });
  const sender = await first.member('sender');
  sender.send('printer/JOB n=1;transmission_report=failure\n');
  t.equal(await sender.line(), '<benchsrv:communicatord TRANSMISSION_REPORT command=JOB;status=cached\n');
  sender.send('plotter/JOB n=2\n');
  t.match(await sender.line(), /SERVICE_UNAVAILABLE destination_service=plotter;unsent_command=JOB\n$/, 'not known');
  sender.send('plotter/JOB n=3;cache="ttl=1h;reply"\n');
  sender.send('printer/JOB n=4;cache="no;reply"\n');
  t.match(await sender.line(), /SERVICE_UNAVAILABLE destination_service=printer;unsent_command=JOB\n$/);
  sender.send('printer/JOB n=5;cache=no\n');
  const boss = await first.service('boss');
  t.match(
    await boss.deliver('plotter/JOB', { n: 6, cache: 'ttl=1h' }),
    { guarantee: 'exactly-once-per-session' },
    'safe on the disk',
  );
  await until('all are counted', () => first.broker.status.routes.cached === 3);
  await boss.stop();
  await first.broker.stop();
  await first.communicator.stop(50);

  const second = await brokerStage(t, { store: { directory }, services: ['printer'] });
  const plotter = await second.member('plotter');
  t.equal(await plotter.line(), '<benchsrv:sender plotter/JOB cache="ttl=1h;reply";n=3\n');
  t.match(await plotter.line(), /^<benchsrv:boss plotter\/JOB _once=\S+;cache=ttl=1h;n=6\n/);
  const printer = await second.member('printer');
  t.equal(await printer.line(), '<benchsrv:sender printer/JOB n=1;transmission_report=failure\n');
  await second.broker.stop();
  await second.communicator.stop(50);

  const third = await brokerStage(t, { store: { directory } });
  const again = await third.member('plotter');
  await later(50);
  t.equal(again.rest, '', 'what was handed over does not come again');
});

t.test('datagrams are forwarded without a sender, and are never answered', async t => {
  const stage = await brokerStage(t, { listen: ['tcp://127.0.0.1:0', 'udp://127.0.0.1:0'] });
  const [, udp = ''] = stage.broker.addresses;
  const worker = await stage.member('worker', 'LOG_ROTATE');
  const socket = stage.communicator.bind('udp://127.0.0.1:0', { dispatcher: new Dispatcher() });
  await socket.ready;
  for (const text of ['<x:y worker/HELLO n=1', 'REGISTER service=z;version=1', 'ALIVE serial=7', '*/LOG_ROTATE']) {
    await socket.sendTo(udp, decode(text) as Message);
  }
  t.equal(await worker.line(), 'worker/HELLO n=1\n');
  t.equal(await worker.line(), '*/LOG_ROTATE\n');
  t.same(
    stage.broker.status.services.map(({ name }) => name),
    ['worker'],
  );
  t.match(socket.snapshot(), { received: 0 });
});

t.test('a service that leaves has its word for it confirmed', async t => {
  const stage = await brokerStage(t);
  const log = new LogBook();
  const one = await stage.service('one', { communicator: new Communicator({ logger: log }) });
  await one.stop();
  t.same(log.texts('warn'), []);
});
