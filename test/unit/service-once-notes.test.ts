// The names of messages that must run once, on the disk: what another life of the service makes of them.

import t from 'tap';
import { Message, Refusal } from '../../lib/index.ts';
import { Once, OnceDispatcher } from '../../lib/protocol/service/client/once.ts';
import type { OnceOptions } from '../../lib/protocol/service/client/once-notes.ts';
import { checkedOnce, OnceNotes } from '../../lib/protocol/service/client/once-notes.ts';
import { Service } from '../../lib/protocol/service/index.ts';
import { VirtualClock } from '../../lib/testkit/index.ts';
import { MemoryDisk, systemError } from '../support/memory-disk.ts';
import { LogBook, until } from '../support/world.ts';
import { correspondent } from './dispatcher/correspondent.ts';

/** One life of a service. */
class Life {
  readonly runs: string[] = [];
  readonly log = new LogBook();
  readonly clock = new VirtualClock();
  readonly disk: MemoryDisk;
  readonly once: Once;
  readonly dispatcher: OnceDispatcher;
  handling: (name: string) => unknown = () => undefined;

  private constructor(disk: MemoryDisk) {
    this.disk = disk;
    this.once = new Once(this.clock);
    this.dispatcher = new OnceDispatcher(this.once, {});
    this.dispatcher.on('JOB', message => {
      this.runs.push(message.get('_once') ?? '');
      return this.handling(message.get('_once') ?? '');
    });
  }

  static async begin(options: Partial<OnceOptions> = {}, disk = new MemoryDisk()): Promise<Life> {
    const life = new Life(disk);
    const whole = checkedOnce({ directory: '/once', ...options });
    life.once.restore(await OnceNotes.open(whole, life.clock, life.log, { disk }));
    return life;
  }

  take(name: string): Promise<unknown> {
    const taken = this.dispatcher.dispatch(Message.of('JOB', { _once: name }), correspondent());
    return Promise.resolve(taken);
  }
}

t.test('what was confirmed is known to the next life, and not run again', async t => {
  for (const order of ['handle first', 'note first'] as const) {
    const first = await Life.begin({ order });
    for (const name of ['a.1', 'a.2', 'with blanks in it']) await first.take(name);
    const next = await Life.begin(
      { order },
      first.disk.powerLost(() => 0),
    );
    for (const name of ['a.1', 'a.2', 'with blanks in it', 'a.3']) await next.take(name);
    t.same(next.runs, ['a.3'], order);
  }
});

t.test('it is confirmed when its name is on the disk, and not before', async t => {
  const life = await Life.begin();
  let failures = 0;
  life.disk.fault = operation => {
    if (operation !== 'sync') return undefined;
    failures += 1;
    return systemError('EIO');
  };
  let done = 'no';
  const taken = life.take('a.1').then(() => {
    done = 'yes';
  });
  await until('the disk has refused its name', () => failures > 0);
  await new Promise(setImmediate);
  t.equal(done, 'no');
  await t.rejects(life.take('a.2'), { code: 'REFUSED', message: /cannot be noted/ }, 'nothing is run meanwhile');
  t.same(life.runs, ['a.1']);
  life.disk.fault = () => undefined;
  await life.clock.advance(10_000);
  await taken;
  t.equal(done, 'yes');
});

t.test('killed while it runs: handled first it runs again, noted first it is refused', async t => {
  const never = new Promise<void>(() => undefined);
  const one = await Life.begin();
  one.handling = () => never;
  void one.take('a.1');
  await until('it runs', () => one.runs.length === 1);
  const oneMore = await Life.begin({}, one.disk.killed());
  await oneMore.take('a.1');
  t.same(oneMore.runs, ['a.1']);

  const other = await Life.begin({ order: 'note first' });
  other.handling = () => never;
  void other.take('a.1');
  await until('it runs', () => other.runs.length === 1);
  const otherMore = await Life.begin({ order: 'note first' }, other.disk.killed());
  t.throws(() => otherMore.take('a.1'), { code: 'REFUSED', message: /an earlier life had begun it/ });
  t.same(otherMore.runs, []);
});

t.test('noted first, it does not run before its name is on the disk', async t => {
  const life = await Life.begin({ order: 'note first' });
  life.disk.fault = operation => (operation === 'sync' ? systemError('EIO') : undefined);
  void life.take('a.1');
  await new Promise(resolve => setTimeout(resolve, 20));
  t.same(life.runs, []);
});

t.test('refused, it is forgotten; thrown, it is handled', async t => {
  for (const order of ['handle first', 'note first'] as const) {
    const life = await Life.begin({ order });
    life.handling = name => {
      throw name === 'a.1' ? new Refusal('not now') : new Error('broken');
    };
    await t.rejects(life.take('a.1'), { message: 'not now' });
    await t.rejects(life.take('a.2'), { message: 'broken' });
    // What is withdrawn goes to the disk with the next note.
    life.handling = () => undefined;
    await life.take('a.3');
    const next = await Life.begin({ order }, life.disk.killed());
    for (const name of ['a.1', 'a.2', 'a.3']) await next.take(name);
    t.same(next.runs, ['a.1'], order);
  }
});

t.test('bounded: the oldest are forgotten, on the disk too', async t => {
  const life = await Life.begin({ count: 100 });
  for (let n = 0; n < 250; n += 1) await life.take(`a.${n}`);
  const next = await Life.begin({ count: 100 }, life.disk.killed());
  for (const n of [150, 249, 148]) await next.take(`a.${n}`);
  t.same(next.runs, ['a.148']);
});

t.test('options are checked, and a folder that another process holds is refused', async t => {
  const bad = (once: object, code: string): void => {
    t.throws(() => new Service('a', { link: { once } }), { code }, JSON.stringify(once));
  };
  bad({}, 'INVALID_VALUE');
  bad({ directory: '/x', order: 'both' }, 'INVALID_VALUE');
  bad({ directory: '/x', count: 0 }, 'OUT_OF_RANGE');
  bad({ directory: '/x', bogus: 1 }, 'UNKNOWN_OPTION');
  const directory = t.testdir();
  const held = await OnceNotes.open(checkedOnce({ directory }), new VirtualClock(), new LogBook());
  const service = new Service('a', { log: { level: 'fatal' }, link: { once: { directory } } });
  await t.rejects(service.run(), { code: 'SPOOL_LOCKED' });
  t.equal(service.state, 'ended');
  await held.close();
});
