// A broker that was started anew knows no names yet: whoever comes back to it is told nothing too early.

import t from 'tap';
import { Communicator } from '../../../lib/index.ts';
import { mayBeRepeat } from '../../../lib/protocol/service/index.ts';
import { until } from '../../support/world.ts';
import { brokerStage } from './broker-stage.ts';

t.test('what comes again is not refused before its service could come back', async t => {
  const first = new Communicator();
  const { address, service } = await brokerStage(t, {}, first);
  const handled: string[] = [];
  const boss = await service('boss');
  const worker = await service('worker', {}, service =>
    service.on('JOB', message => handled.push(message.string('n'))),
  );
  await boss.deliver('worker/JOB', { n: 1 });
  await worker.stop();
  await first.stop(0);
  const next = await brokerStage(t, { listen: [address] });
  const again = boss.deliver('worker/JOB', { n: 2 });
  await until('the boss is back', () => next.broker.status.services.some(({ name }) => name === 'boss'));
  const newcomer = await next.service('newcomer');
  await t.rejects(newcomer.deliver('worker/JOB', { n: 3 }), { code: 'REFUSED' }, 'who is new has sent nothing before');
  await next.service('worker', {}, service => service.on('JOB', message => handled.push(message.string('n'))));
  t.same(await again, { guarantee: 'exactly-once-per-session' });
  t.same(handled, ['1', '2']);
});

t.test(
  'the broker and the service die together: what the service had in hand comes marked, and nothing else',
  async t => {
    const first = new Communicator();
    const { address, service } = await brokerStage(t, {}, first);
    const begun: string[] = [];
    const own = new Communicator();
    await service('worker', { communicator: own, link: { concurrency: 10 } }, service =>
      service.on('JOB', message => {
        begun.push(`${message.get('n')} ${mayBeRepeat(message)}`);
        return message.get('n') === '1' ? undefined : new Promise(() => undefined);
      }),
    );
    const boss = await service('boss');
    await boss.deliver('worker/JOB', { n: 1 });
    const sent = ['deliver', 'request', 'send'].map((call, at) => {
      if (call === 'deliver') return boss.deliver('worker/JOB', { n: 2 });
      return call === 'send' ? boss.send('worker/JOB', { n: at + 2 }) : boss.request('worker/JOB', { n: at + 2 });
    });
    await until('all are in hand', () => begun.length === 4);
    await Promise.all([own.stop(0), first.stop(0)]);
    sent.push(boss.deliver('worker/JOB', { n: 5 }));
    const next = await brokerStage(t, { listen: [address] });
    const handled: string[] = [];
    await next.service('worker', {}, service =>
      service.on('JOB', (message, broker) => {
        handled.push(`${message.get('n')} ${mayBeRepeat(message)}`);
        if (message.get('n') === '3') broker.send(message.reply('DONE'));
      }),
    );
    await Promise.all(sent);
    await until('all have come', () => handled.length === 4);
    t.same(begun, ['1 false', '2 false', '3 false', '4 false']);
    t.same(handled, ['2 true', '3 true', '4 true', '5 false']);
  },
);
