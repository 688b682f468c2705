// A broker that was started anew knows no names yet: whoever comes back to it is told nothing too early.

import t from 'tap';
import { Communicator } from '../../../lib/index.ts';
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
