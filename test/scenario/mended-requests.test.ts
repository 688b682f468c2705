// A request whose wait has ended is not sent any more.

import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import { Dispatcher } from '../../lib/index.ts';
import { until, world } from '../support/world.ts';

t.test('a request that timed out or was aborted while the link was down is never sent', async t => {
  const { communicator, transports } = world();
  t.teardown(() => communicator.stop(0));
  const client = communicator.permanent('memory:later', { pause: { first: 20, most: 20 } });
  const aborting = new AbortController();
  const aborted = client.request('ABORTED', { signal: aborting.signal });
  client.send('FIRST');
  const late = client.request('LATE', { timeout: 10 });
  client.send('LAST');
  aborting.abort(new Error('not wanted any more'));
  await t.rejects(aborted, { message: 'not wanted any more' });
  await t.rejects(late, { code: 'REQUEST_TIMEOUT' });
  t.match(client.snapshot(), { queued: 2 });
  const heard: string[] = [];
  const dispatcher = new Dispatcher().on(/^/, message => heard.push(message.command));
  const server = world({ transports }).communicator;
  t.teardown(() => server.stop(0));
  server.listen('memory:later', { dispatcher });
  await until('the last has come', () => heard.includes('LAST'));
  await wait(0);
  t.same(heard, ['FIRST', 'LAST']);
});
