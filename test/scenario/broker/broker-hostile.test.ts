// Programs at a broker that mean no good, one attack each: what others have and hear stays theirs.

import t from 'tap';
import type { Message } from '../../../lib/index.ts';
import { until } from '../../support/world.ts';
import { brokerStage } from './broker-stage.ts';

const later = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

t.test('several that want the name of a living C++ service at once do not end it', async t => {
  const stage = await brokerStage(t, { limits: { probe: 300 } });
  const alive = await stage.member('worker');
  const rivals = [await stage.raw(), await stage.raw(), await stage.raw()];
  for (const rival of rivals) rival.send('REGISTER service=worker;version=1\n');
  t.equal(await alive.line(), '<benchsrv:communicatord ALIVE serial=probe\n');
  alive.send('communicatord/ABSOLUTELY serial=probe\n');
  for (const rival of rivals)
    t.match(await rival.line(), /^INVALID command=REGISTER;message=service worker is registered/);
  await later(400);
  t.equal(alive.closed || alive.ended, false);
  t.equal(alive.rest, '', 'it was asked once for all');
});

t.test('of several that want the name of a dead C++ service one has it, and has it alone', async t => {
  const stage = await brokerStage(t, { limits: { probe: 100 } });
  await stage.member('worker');
  const [one, other] = [await stage.raw(), await stage.raw()];
  for (const rival of [one, other]) rival.send('REGISTER service=worker;version=1\n');
  await until('one has it', () => /READY/.test(one.text + other.text));
  const [winner, loser] = /READY/.test(one.text) ? [one, other] : [other, one];
  await until('it is asked in its turn', () => /ALIVE serial=probe/.test(winner.text));
  winner.send('communicatord/ABSOLUTELY serial=probe\n');
  t.match(await loser.line(), /^INVALID command=REGISTER/);
  t.equal(stage.broker.status.services[0]?.members.length, 1);
});

t.test('who wants a name and goes before it has it disturbs nobody', async t => {
  const stage = await brokerStage(t, { limits: { probe: 200 } });
  const silent = await stage.member('worker');
  const rival = await stage.raw();
  rival.send('REGISTER service=worker;version=1\n');
  await silent.line();
  rival.destroy();
  await until('it has gone', () => stage.broker.status.connections === 1);
  t.equal(silent.closed || silent.ended, false);
  const next = await stage.raw();
  next.send('REGISTER service=worker;version=1\n');
  await silent.line();
  silent.destroy();
  t.equal(await next.line(), '<benchsrv:communicatord HELP\n', 'a name whose owner has gone is free at once');
});

t.test('a name or a sender of odd length is refused, and no line is kept for the sake of a name', async t => {
  const stage = await brokerStage(t);
  const raw = await stage.raw();
  const names = [
    '',
    'communicatord',
    'guest_7',
    '.',
    '*',
    '?',
    'a/b',
    'a:b',
    'a b',
    '9lives',
    'a\0b',
    '\xed\xa0\x80',
    'é',
  ];
  for (const name of [...names, 'x'.repeat(256), 'x'.repeat(65_536)]) {
    raw.send(`REGISTER service=${name};version=1\n`);
    t.match(await raw.line(), /^INVALID command=REGISTER;message=.{0,200}\n$/, name.slice(0, 20));
  }
  raw.send(`<${'y'.repeat(300)}:guest nobody/JOB\n`);
  t.match(await raw.line(), /^INVALID message=a sender's name has 255 characters at most\n$/);
  raw.send(`${'z'.repeat(300)}/JOB cache="ttl=1h"\nALIVE serial=1\n`);
  t.match(await raw.line(), /ABSOLUTELY/);
  t.equal(stage.broker.status.services.length, 0, 'and nothing waits for a name that nobody can have');
  raw.send(`REGISTER service=${'x'.repeat(255)};version=1\n`);
  t.equal(await raw.line(), '<benchsrv:communicatord HELP\n');
});

t.test('what a service knows is bounded, and it hears what is left aside', async t => {
  const stage = await brokerStage(t);
  const many = await stage.member('many');
  const list = Array.from({ length: 100_000 }, (_, at) => `C${at}`).join(',');
  many.send(`COMMANDS list=${list}\n`);
  t.match(await many.line(), /^INVALID command=COMMANDS;message=1000 commands of 32768 characters together are known/);
  const long = await stage.member('long');
  long.send(`COMMANDS list=${Array.from({ length: 40 }, (_, at) => `${'L'.repeat(1_000)}${at}`).join(',')}\n`);
  t.match(await long.line(), /INVALID command=COMMANDS/);
  const boss = await stage.raw();
  boss.send('*/C900\n*/C999\n*/C5000\n');
  t.equal(await many.line(), '*/C900\n', 'the first ones are known');
  await later(30);
  t.equal(many.rest, '');
});

t.test(
  'messages for more absent names than there is room for are refused, and those of all names have a bound',
  async t => {
    const stage = await brokerStage(t, { limits: { services: 5, bytes: 2_000 } });
    const raw = await stage.member('sender');
    for (let n = 0; n < 10; n += 1) raw.send(`nobody${n}/JOB cache="ttl=1h";n=${n}\n`);
    raw.send('nobody9/JOB cache="ttl=1h;reply"\n');
    raw.send('nobody0/JOB cache="ttl=1h;reply"\nALIVE serial=1\n');
    t.match(await raw.line(), /SERVICE_UNAVAILABLE destination_service=nobody9/);
    t.match(await raw.line(), /ABSOLUTELY/, 'a name that is known has room');
    t.equal(stage.broker.status.services.length, 5);
    raw.send('REGISTER service=another;version=1\n');
    t.match(await raw.line(), /INVALID command=REGISTER;message=there are 5 services already/);
    const small = await brokerStage(t, { limits: { services: 100, bytes: 2_000 } });
    const guest = await small.raw();
    const text = 'x'.repeat(1_500);
    for (let n = 0; n < 40; n += 1) guest.send(`nobody${n}/JOB cache="ttl=1h";text=${text}\n`);
    await until('all came', () => small.broker.status.routes.cached === 40);
    const bytes = small.broker.status.services.reduce((sum, one) => sum + one.bytes, 0);
    t.ok(bytes > 28_000 && bytes <= 16 * 2_000, `${bytes} bytes`);
  },
);

t.test('whoever listened for the load and has gone is forgotten', async t => {
  const stage = await brokerStage(t);
  for (let n = 0; n < 5; n += 1) {
    const raw = await stage.raw();
    raw.send('REGISTER_FOR_LOADAVG\nREGISTER_FOR_LOADAVG\n');
    t.match(await raw.line(), /LOADAVG/);
    t.match(await raw.line(), /LOADAVG/);
    raw.destroy();
  }
  await until('they have gone', () => stage.broker.status.connections === 0);
  t.equal(stage.broker.status.listeners, 0);
});

t.test('the words of a broker need the right to control, wherever else they go', async t => {
  const access = { users: { admin: { secret: 'letmein', may: ['control'] as const } } };
  const stage = await brokerStage(t, { access });
  const words = [
    'QUITTING',
    'READY',
    'DISCONNECTING',
    'LOADAVG',
    'SERVICE_UNAVAILABLE',
    'STATUS',
    'TRANSMISSION_REPORT',
  ];
  const victim = await stage.member('victim', ...words, 'CLUSTER_DOWN');
  const raw = await stage.raw();
  for (const word of [...words, 'CLUSTER_DOWN']) {
    for (const target of ['victim', 'benchsrv:victim', '.:victim', '*', '.', '?', '*:*']) {
      raw.send(`<benchsrv:communicatord ${target}/${word} service=a;status=down;command=X;avg=9\n`);
      t.match(
        await raw.line(),
        new RegExp(`INVALID command=${word};message=${word} is not allowed: it needs the right to control\n$`),
        target,
      );
    }
  }
  t.equal(victim.rest, '');
  raw.send('victim/STATUS service=a;status=down;secret_code=letmein\n');
  t.equal(await victim.line(), 'victim/STATUS service=a;status=down\n');
});

t.test('a password counts on REGISTER alone', async t => {
  const stage = await brokerStage(t, { access: { users: { admin: { secret: 'letmein', may: ['control'] } } } });
  const raw = await stage.raw();
  raw.send('STOP password=letmein\n');
  t.match(await raw.line(), /INVALID command=STOP/);
});

t.test("nobody can use up the names of another's broadcasts", async t => {
  const stage = await brokerStage(t);
  const reader = await stage.member('reader', 'NEWS');
  const boss = await stage.member('boss');
  const raw = await stage.member('hostile');
  raw.send('./NEWS broadcast_msgid=b-1;n=1\n');
  t.match(await reader.line(), /^<benchsrv:hostile .*n=1\n/);
  boss.send('./NEWS broadcast_msgid=b-1;n=2\n./NEWS broadcast_msgid=b-1;n=3\n./NEWS n=4\n');
  t.match(await reader.line(), /^<benchsrv:boss .*n=2\n/, 'it is its own name');
  t.match(await reader.line(), /^<benchsrv:boss .*n=4\n/, 'its own second one is dropped');
});

t.test('answers to requests of others, and names of messages that run once, cannot be guessed', async t => {
  const stage = await brokerStage(t);
  const heard: Message<unknown>[] = [];
  await stage.service('worker', {}, service =>
    service.on('ADD', (message, broker) => {
      heard.push(message);
      if (heard.length > 1) broker.send(message.reply('SUM', { is: 4 }));
    }),
  );
  const boss = await stage.service('boss');
  const first = boss.request('worker/ADD', { n: 1 });
  first.catch(() => undefined);
  await until('it came', () => heard.length === 1);
  const known = heard[0]?.get('_request') ?? '';
  const raw = await stage.member('hostile');
  const [, prefix = '', digits = ''] = /^(.*?)(\d+)$/.exec(known) ?? [];
  for (let n = 0; n < 20; n += 1) raw.send(`boss/SUM is=5;_answer=${prefix}${Number(digits) + n + 1}\n`);
  raw.send('ALIVE serial=1\n');
  await raw.line();
  t.equal((await boss.request('worker/ADD', { n: 2 })).get('is'), '4', 'the right one');
  const [one = '', two = ''] = heard.map(message => message.get('_request')?.slice(0, 8));
  t.not(one, two, 'a number says nothing about the next');
  await boss.deliver('worker/ADD', { n: 3 });
  await boss.deliver('worker/ADD', { n: 4 });
  const names = heard.slice(2).map(message => message.get('_once')?.slice(0, 8));
  t.not(names[0], names[1]);
  t.equal(new Set(names).size, 2);
});

t.test('a link that has ended is gone, whatever waits that came over it', async t => {
  const stage = await brokerStage(t);
  for (let n = 0; n < 5; n += 1) {
    const raw = await stage.raw();
    raw.send('nobody/JOB cache="ttl=1d";n=1\nALIVE serial=1\n');
    await raw.line();
    raw.socket.end();
  }
  await until('all have gone', () => stage.broker.status.connections === 0);
  t.match(stage.broker.status.services, [{ name: 'nobody', waiting: 5 }]);
});

t.test('a service that confirms nothing holds up nobody, however many answers are sent to it', async t => {
  const stage = await brokerStage(t, { limits: { count: 20, window: 10 } });
  const slow = await stage.raw();
  const key = '6158c3bbc35192a7.f3307b91a8aa43a3249e2fc349e4d62f';
  slow.send(`REGISTER _session=${key}.1;service=slow;version=1\n`);
  await until('it has a session', () => /READY/.test(slow.text));
  const raw = await stage.raw();
  for (let n = 0; n < 100; n += 1) raw.send(`slow/SUM _answer=${n};is=${n}\n`);
  raw.send('ALIVE serial=1\n');
  await until('the broker lives', () => /ABSOLUTELY/.test(raw.text));
  const { waiting = 0, underWay = 0 } = stage.broker.status.services[0] ?? {};
  t.ok(waiting + underWay <= 20, `${waiting} wait, ${underWay} are under way`);
  const before = process.cpuUsage();
  await later(300);
  const { user } = process.cpuUsage(before);
  t.ok(user < 200_000, `nothing turns in vain: ${user} µs`);
  const counted = (): number => (slow.text.match(/HELP|READY|SUM/g) ?? []).length;
  const had = counted();
  slow.send(`ACK count=${had}\n`);
  await until('more comes as soon as there is room', () => counted() > had);
});

t.test('services that read nothing cost no more than a bound of memory, and miss what is said to all', async t => {
  const stage = await brokerStage(t);
  const deaf = [];
  for (let n = 0; n < 10; n += 1) deaf.push(await stage.member(`deaf${n}`, 'NEWS'));
  for (const { socket } of deaf) socket.pause();
  const ear = await stage.member('ear', 'NEWS');
  const raw = await stage.raw();
  const text = 'x'.repeat(100_000);
  for (let n = 0; n < 150; n += 1) {
    raw.send(`*/NEWS n=${n};text=${text}\n`);
    await until('who reads hears all', () => ear.rest.includes(`n=${n};`) && ear.rest.endsWith('\n'));
    await ear.take(ear.rest.length);
  }
  const unsent = stage.communicator.connections.reduce((sum, { unfinished }) => sum + unfinished.bytes, 0);
  t.ok(unsent <= 10 * 1_200_000, `${unsent} bytes wait`);
  t.ok(stage.broker.status.broadcasts.missed > 100, `${stage.broker.status.broadcasts.missed} were missed`);
  t.ok(stage.log.texts('warn').filter(line => /was missed by deaf/.test(line)).length < 30);
  t.ok(
    deaf.every(({ closed }) => !closed),
    'and nobody is closed',
  );
});
