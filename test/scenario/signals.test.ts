// Which signals a communicator takes, and that each of them arrives.

import { constants } from 'node:os';
import t from 'tap';
import { start } from '../support/programs.ts';
import { worldOf } from './stairs.ts';

/** All that the system has, without the numbers that have two names. */
const all = Object.keys(constants.signals).filter(name => !['SIGIOT', 'SIGPOLL'].includes(name)) as NodeJS.Signals[];

const refused: Readonly<Record<string, RegExp>> = {
  SIGKILL: /^SIGKILL cannot be caught: the system lets nobody catch it$/,
  SIGSTOP: /^SIGSTOP cannot be caught: the system lets nobody catch it$/,
  SIGBUS: /^SIGBUS cannot be caught: it tells of a fault of the process/,
  SIGFPE: /^SIGFPE cannot be caught: it tells of a fault of the process/,
  SIGILL: /^SIGILL cannot be caught: it tells of a fault of the process/,
  SIGSEGV: /^SIGSEGV cannot be caught: it tells of a fault of the process/,
};

/** Not sent here: a test runner may have a use of its own for it. */
const unsent = 'SIGUSR2';

t.test('signals that cannot be handled are refused, with the reason', async t => {
  const { communicator } = worldOf(t);
  for (const [name, message] of Object.entries(refused)) {
    t.throws(() => communicator.signal(name as NodeJS.Signals, () => undefined), { code: 'INVALID_VALUE', message });
  }
  for (const name of ['SIGFOO', 'TERM', '', 'toString']) {
    t.throws(() => communicator.signal(name as NodeJS.Signals, () => undefined), {
      code: 'INVALID_VALUE',
      message: `${name} cannot be caught: this system has no such signal`,
    });
  }
  t.same(communicator.connections, []);
});

t.test('every other signal is taken', async t => {
  const { communicator } = worldOf(t);
  for (const name of all.filter(name => refused[name] === undefined)) {
    t.equal(communicator.signal(name, () => undefined).state, 'listening', name);
  }
  await communicator.stop();
});

t.test('every one that is taken arrives', async t => {
  const names = all.filter(name => refused[name] === undefined && name !== unsent);
  t.ok(names.length >= 8, `there are ${names.length}`);
  for (const name of names) {
    const child = start(t, 'test/scenario/signals-child', [name]);
    t.same(await child.ended, { code: 0, signal: null }, `${name} ${child.err}`);
    t.equal(child.out, `${name}\nalive\n`);
  }
});

t.test('after a stop the way of the system holds again', async t => {
  const child = start(t, 'test/scenario/signals-child', ['SIGTERM', 'again']);
  t.same(await child.ended, { code: null, signal: 'SIGTERM' });
  t.equal(child.out, 'SIGTERM\n');
});

t.test('SIGPIPE is ignored as before once nobody catches it', async t => {
  const child = start(t, 'test/scenario/signals-child', ['SIGPIPE', 'again']);
  t.same(await child.ended, { code: 0, signal: null });
  t.equal(child.out, 'SIGPIPE\nalive\n');
});

t.test('the log says that the inspector has lost its signal', async t => {
  const { communicator, log } = worldOf(t);
  communicator.signal('SIGUSR1', () => undefined);
  t.same(log.texts('warn'), ['SIGUSR1 no longer starts the inspector of node']);
});
