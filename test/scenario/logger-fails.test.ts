// A logger that fails disturbs nobody: what it throws is counted, and told once as a warning of the process.
// (An unhandled rejection anywhere fails the test it belongs to.)

import type { Test } from 'tap';
import t from 'tap';
import type { Logger } from '../../lib/index.ts';
import { Dispatcher, memory, serviceLogger } from '../../lib/index.ts';
import { settled } from '../../lib/testkit/virtual-clock.ts';
import { until, world } from '../support/world.ts';

const full = new Error('the disk is full');

const broken: readonly (readonly [string, Logger])[] = [
  ['throws', { log: () => fail(), isLevelEnabled: () => true }],
  ['rejects', { log: () => Promise.reject(full), isLevelEnabled: () => true }],
  ['throws when asked for its level', { log: () => undefined, isLevelEnabled: () => fail() }],
];

function fail(): never {
  throw full;
}

/** The warnings of the process during a test, in place of the standard error. */
function warnings(t: Test): string[] {
  const told: string[] = [];
  t.intercept(process, 'emitWarning', { value: (text: string) => void told.push(text) });
  return told;
}

for (const [what, logger] of broken) {
  t.test(`a logger that ${what}: handlers fail, links come and go, and everything goes on`, async t => {
    const told = warnings(t);
    const { communicator } = world({ logger, transports: { memory: memory() } });
    const dispatcher = new Dispatcher({ trace: true })
      .on('BREAK', () => Promise.reject(new Error('broken')))
      .on('DAD', (message, peer) => peer.send(message.reply('CLIMB')));
    const accepted = (): void => undefined;
    const listener = communicator.listen('memory:here', { dispatcher, accepted });
    const client = communicator.permanent('memory:here', { pause: { first: 1, most: 1 } });
    client.on('open', () => fail());
    t.match(await client.request('DAD'), { command: 'CLIMB' });
    await t.rejects(client.request('BREAK'), { code: 'REFUSED' });
    t.match(await client.request('DAD'), { command: 'CLIMB' });
    listener.stop();
    await communicator.stop();
    await settled();
    t.same(told, ['the logger failed: the disk is full (told once, then counted)']);
    t.ok(communicator.snapshot().logFailures > 0);
  });
}

t.test('a logger that works has no failures, and reopens', async t => {
  const { communicator, log } = world();
  communicator.logger.log('info', 'words', { a: 1 });
  communicator.logger.reopen?.();
  t.match(log.lines, [{ severity: 'info', message: 'words', fields: { a: 1 } }]);
  t.equal(log.reopened, 1);
  t.equal(communicator.snapshot().logFailures, 0);
});

t.test('a winston transport that throws or reports an error goes on with the next line', async t => {
  const told = warnings(t);
  const { default: Transport } = await import('winston-transport');
  const lines: string[] = [];
  class Sink extends Transport {
    override log({ message }: { readonly message: string }, next: () => void): void {
      if (message === 'throw') fail();
      if (message === 'emit') this.emit('error', full);
      lines.push(message);
      next();
    }
  }
  const logger = await serviceLogger({ console: false });
  logger.silent = false;
  logger.add(new Sink());
  const { communicator } = world({ logger });
  for (let round = 0; round < 100; round += 1) {
    for (const words of ['throw', 'fine', 'emit']) communicator.logger.log('info', words);
    await settled();
  }
  await until('the last line is there', () => lines.length === 200);
  t.equal(logger.writableLength, 0, 'nothing has gathered');
  t.equal(communicator.snapshot().logFailures, 200);
  t.equal(told.length, 1);
  t.match(told[0], /^the logger failed: the disk is full/);
  logger.close();
});
