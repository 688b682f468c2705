// A controller and its nodes as programs of their own: requests from outside to an instance.

import t from 'tap';
import { definitions, greet } from '../../../examples/link-definitions.ts';
import { Communicator } from '../../../lib/index.ts';
import { linkClient } from '../../../lib/protocol/link/index.ts';
import { edLink, startController, startNode } from '../../support/link-programs.ts';

t.test('ed-link sends requests to nodes and instances, and prints the answers', async t => {
  const { address } = await startController(t);
  const [node] = await Promise.all([startNode(t, address, 1), startNode(t, address, 2, '--dialect', 'seed')]);
  const send = (...words: string[]) => edLink(t, ['send', ...words, '-a', address]);
  const started = await send('alpha', 'start_instance', '{"instance_id": 7}', '--json');
  t.same([started.code, started.out], [0, '{"running":[7]}\n'], started.err);
  const pretty = await send('2', 'start_instance', '{"instance_id": 8}', '--dialect', 'seed');
  t.same([pretty.code, pretty.out], [0, '{\n  "running": [\n    8\n  ]\n}\n'], pretty.err);
  t.match(JSON.parse((await send('1', 'report_load')).out), { load: Number, megabytes: Number, instances: 1 });
  const greeting = 'Hello Ada, this is instance 7 on alpha';
  const greeted = await send('1', 'greet', '{"instance_id":7,"name":"Ada"}', '--json');
  t.same(JSON.parse(greeted.out), { greeting }, greeted.err);
  await node.says(/instance 7: Ada is here/);
  t.match(JSON.parse((await edLink(t, ['list', '--json', '-a', address])).out), [
    { details: { instances: [7] } },
    { details: { instances: [8] } },
  ]);
  // A control that knows the definitions asks the instance, wherever it is.
  const communicator = new Communicator();
  const control = linkClient(address, { role: 'control', definitions });
  communicator.add(control);
  await new Promise<void>(resolve => control.once('connect', resolve));
  t.same(await control.send(greet, { instance_id: 7, name: 'Ada' }), { greeting });
  const nowhere = control.send(greet, { instance_id: 99, name: 'Ada' });
  await t.rejects(nowhere, { code: 'REQUEST_FAILED', message: 'Instance with ID 99 does not exist' });
  await communicator.stop();
  const stopped = await send('1', 'stop_instance', '{"instance_id":7}', '--json');
  t.same([stopped.code, stopped.out], [0, '{"running":[]}\n'], stopped.err);
});
