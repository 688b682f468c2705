// What handlers give and throw.

import { spawnSync } from 'node:child_process';
import t from 'tap';
import { Dispatcher } from '../../../lib/dispatcher/index.ts';
import { settled } from '../../../lib/testkit/virtual-clock.ts';
import { correspondent, decoded } from './correspondent.ts';

const send = (dispatcher: Dispatcher): unknown => dispatcher.dispatch(decoded('HI'), correspondent());

function promise(): { given: Promise<void>; resolve: () => void; reject: (reason: Error) => void } {
  let resolve: () => void = () => undefined;
  let reject: (reason: Error) => void = () => undefined;
  const given = new Promise<void>((...both) => {
    [resolve, reject] = both;
  });
  return { given, resolve, reject };
}

t.test('what a handler throws passes through', async t => {
  const failure = new Error('no');
  const fail = (): never => {
    throw failure;
  };
  t.throws(() => send(new Dispatcher().on('HI', fail)), failure);
  t.throws(() => send(new Dispatcher().otherwise(fail)), failure);
  const dispatcher = new Dispatcher().observe('HI', fail).on('HI', () => t.fail('it goes no farther'));
  t.throws(() => send(dispatcher), failure);
});

t.test('what a single handler gives is given on as it is', async t => {
  const given = Promise.resolve(1);
  t.equal(send(new Dispatcher().on('HI', () => given)), given);
  t.equal(send(new Dispatcher().on('HI', () => 5)), 5);
});

t.test('where one of several gives a promise, the result waits for all', async t => {
  const first = promise();
  const second = promise();
  const dispatcher = new Dispatcher()
    .observe('HI', () => first.given)
    .observe('HI', () => undefined)
    .on('HI', () => second.given);
  let ended = false;
  const all = Promise.resolve(send(dispatcher)).then(() => {
    ended = true;
  });
  first.resolve();
  await settled();
  t.equal(ended, false);
  second.resolve();
  await all;
  t.equal(ended, true);
});

t.test('where one of several fails, the others are waited for, and the failure is told', async t => {
  const first = promise();
  const second = promise();
  const dispatcher = new Dispatcher().observe('HI', () => first.given).on('HI', () => second.given);
  let ended = false;
  const failure = new Error('no');
  const all = Promise.resolve(send(dispatcher)).finally(() => {
    ended = true;
  });
  all.catch(() => undefined);
  first.reject(failure);
  await settled();
  t.equal(ended, false, 'the second handler still holds the connection');
  second.resolve();
  await t.rejects(all, failure);
});

t.test('an observer that fails later does not end the process when the next handler throws at once', async t => {
  const library = new URL('../../../lib/index.js', import.meta.url).href;
  const program = `
    import { Dispatcher, Message } from ${JSON.stringify(library)};
    const dispatcher = new Dispatcher()
      .observe('HI', async () => { throw new Error('later'); })
      .on('HI', () => { throw new Error('at once'); });
    try {
      await dispatcher.dispatch(Message.of('HI'), {});
    } catch (error) {
      console.log(error.message);
    }
    setImmediate(() => console.log('alive'));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  t.equal(status, 0, stderr);
  t.match(stdout, /alive/);
});
