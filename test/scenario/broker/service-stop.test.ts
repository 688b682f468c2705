// The end of a service that has something in hand.

import t from 'tap';
import { Communicator } from '../../../lib/index.ts';
import { settled, VirtualClock } from '../../../lib/testkit/index.ts';
import { LogBook, until } from '../../support/world.ts';
import { brokerStage } from './broker-stage.ts';

t.test('a handler that never ends holds up the end of its service for 10 s, and the log says so', async t => {
  const stage = await brokerStage(t, { limits: { drain: 200 } });
  const clock = new VirtualClock();
  const logger = new LogBook();
  const communicator = new Communicator({ clock, logger });
  const begun: string[] = [];
  const worker = await stage.service('worker', { communicator }, service =>
    service.on('JOB', message => {
      begun.push(message.command);
      return new Promise(() => undefined);
    }),
  );
  const boss = await stage.service('boss');
  const fate = boss.deliver('worker/JOB');
  fate.catch(() => undefined);
  await until('it is in hand', () => begun.length === 1);
  const over = worker.stop();
  await settled();
  await clock.advance(9_900);
  t.equal(worker.state, 'leaving', 'it has time to end');
  await clock.advance(200);
  await over;
  t.equal(worker.state, 'ended');
  t.match(logger.texts('warn').join('\n'), /worker.* did not end within 10000 ms/);
  await stage.service('worker', {}, service => service.on('JOB', message => begun.push(message.get('_again') ?? '')));
  await fate;
  t.same(begun, ['JOB', 'true'], 'the next process has it');
});
