// A worker that remembers on the disk what it has handled, killed again and again.

import t from 'tap';
import { confirmedThrough, folder, markedAgain, missing, said, twice } from './broker-kill-stage.ts';

t.test('noted first, nothing runs twice; what it was killed with is refused, and its sender hears that', async t => {
  const once = { directory: folder(t), order: 'note first' };
  const { cast, boss, count, handled } = await confirmedThrough(t, 'worker', { once, count: 500, rounds: 3 });
  t.same(twice(handled), [], 'nothing ran twice, whichever process it was');
  const failed = said([boss], 'failed');
  t.equal(said([boss], 'confirmed').length + failed.length, count, 'nothing is lost in silence');
  t.ok(failed.length < count, `${failed.length} were refused`);
  for (const worker of cast.workers) t.equal(worker.err, '');
});

t.test('handled first, all is handled; what runs twice comes marked', async t => {
  const once = { directory: folder(t) };
  const { cast, boss, count, handled } = await confirmedThrough(t, 'worker', { once, count: 500, rounds: 3 });
  t.same(said([boss], 'failed'), []);
  t.equal(new Set(handled).size, count);
  t.same(missing(twice(handled), markedAgain(cast.workers)), []);
});
