// One slow service, and what others notice of it: nothing. The figures are printed.

import t from 'tap';
import { until } from '../../support/world.ts';
import { brokerStage } from './broker-stage.ts';

/** In ms: the middle one, and one of a hundred. */
function shares(times: readonly number[]): { p50: number; p99: number } {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number => Math.round((sorted[Math.floor((sorted.length - 1) * share)] ?? 0) * 100) / 100;
  return { p50: at(0.5), p99: at(0.99) };
}

t.test(
  'a service that never ends holds up neither requests nor confirmations of others from the same sender',
  async t => {
    const stage = await brokerStage(t, { limits: { pair: 3_000, window: 500 } });
    let stuck = 0;
    await stage.service('slow', {}, service =>
      service.on('JOB', () => {
        stuck += 1;
        return new Promise<void>(() => undefined);
      }),
    );
    await stage.service('fast', {}, service =>
      service.on('ASK', (message, broker) => broker.send(message.reply('TOLD'))).on('NOTE', () => undefined),
    );
    const boss = await stage.service('boss');
    const ask = async (): Promise<number> => {
      const begin = performance.now();
      await boss.request('fast/ASK', {}, { timeout: 20_000 });
      return performance.now() - begin;
    };
    const alone: number[] = [];
    for (let n = 0; n < 300; n += 1) alone.push(await ask());

    const refused: string[] = [];
    for (let n = 0; n < 4_000; n += 1)
      boss.deliver('slow/JOB', { n }).catch((error: { code: string }) => refused.push(error.code));
    await until('the limit of this pair refuses the rest', () => refused.length === 1_000, 20_000);
    t.equal(stuck, 1);
    t.same([...new Set(refused)], ['REFUSED']);

    const beside: number[] = [];
    for (let n = 0; n < 300; n += 1) beside.push(await ask());
    for (let round = 0; round < 3; round += 1) {
      const confirmed = Array.from({ length: 3_000 }, () =>
        boss.deliver('fast/NOTE').then(({ guarantee }) => guarantee),
      );
      t.same(
        [...new Set(await Promise.all(confirmed))],
        ['exactly-once-per-session'],
        'more than a whole window goes by',
      );
    }
    const row = stage.broker.status.services.find(({ name }) => name === 'slow');
    t.match(row, { waiting: 2_500, underWay: 500 });
    const figures = `alone ${JSON.stringify(shares(alone))}, beside a stuck service ${JSON.stringify(shares(beside))}`;
    t.ok(shares(beside).p99 < 1_000, `a request through the broker in ms: ${figures}`);
  },
);

t.test('with the limits as they come, who fills a service that stands still can still send to others', async t => {
  const stage = await brokerStage(t);
  await stage.service('still', {}, service => service.on('JOB', () => new Promise<void>(() => undefined)));
  await stage.service('fast', {}, service => service.on('NOTE', () => undefined));
  const boss = await stage.service('boss');
  const refused: number[] = [];
  for (let n = 0; n < 6_000; n += 1) boss.deliver('still/JOB', { n }).catch(() => refused.push(n));
  t.same(await boss.deliver('fast/NOTE'), { guarantee: 'exactly-once-per-session' });
  t.equal(refused.length, 3_500, 'the rest of them waits');
});
