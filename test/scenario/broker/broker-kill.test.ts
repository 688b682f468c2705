// Services and their broker as processes of their own, killed at arbitrary moments: what was confirmed or stored was handled.

import t from 'tap';
import { start } from '../../support/programs.ts';
import { until } from '../../support/world.ts';
import {
  Cast,
  child,
  confirmedThrough,
  folder,
  kill,
  markedAgain,
  missing,
  said,
  short,
  twice,
} from './broker-kill-stage.ts';

t.test('the broker is killed again and again: all is handled once, in order, and confirmed', async t => {
  const { boss, count, handled } = await confirmedThrough(t, 'broker');
  t.same(twice(handled), [], 'nothing was handled twice');
  t.same(
    handled.map(name => Number(name.split(' ')[1])),
    Array.from({ length: count }, (_, number) => number),
    'in order',
  );
  t.same(said([boss], 'failed'), []);
});

t.test('the worker is killed again and again: what was confirmed was handled, and all is', async t => {
  const { cast, boss, handled } = await confirmedThrough(t, 'worker');
  t.same(said([boss], 'failed'), []);
  const marked = new Set(markedAgain(cast.workers));
  t.same(
    twice(handled).filter(name => !marked.has(name)),
    [],
    'what one process had in hand when it died came to the next one marked',
  );
  for (const worker of cast.workers) t.same(twice(said([worker], 'handled')), [], 'never twice by the same process');
});

t.test('sender, worker and broker are all killed: nothing is lost that was stored', async t => {
  const cast = new Cast(t);
  const directory = folder(t);
  await cast.broker();
  await cast.worker();
  const stored: string[] = [];
  for (let life = 0; life < 6; life += 1) {
    const boss = start(t, child, ['boss', JSON.stringify({ broker: cast.address, directory, life, count: 2_000 })]);
    await until('the first is stored', () => said([boss], 'stored').length > 0);
    await short();
    if (life % 2 === 0) {
      await kill(cast.brokers.at(-1));
      await cast.broker();
    } else {
      await kill(cast.workers.at(-1));
      await cast.worker();
    }
    await short();
    await kill(boss);
    stored.push(...said([boss], 'stored'));
  }
  start(t, child, ['boss', JSON.stringify({ broker: cast.address, directory, life: 6, count: 1 })]);
  await until('the last one came', () => said(cast.workers, 'handled').includes('6 0'), 60_000);
  t.ok(stored.length > 100, `${stored.length} were stored`);
  t.same(missing(stored, said(cast.workers, 'handled')), []);
});
