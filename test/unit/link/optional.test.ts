// Properties that a request or an event may leave out.

import t from 'tap';
import { event, request } from '../../../lib/protocol/link/index.ts';
import { Stage, settled } from './stage.ts';

const integer = { type: 'integer' } as const;
const text = { type: 'string' } as const;
const set = request('set', {
  links: ['control-controller'],
  request: { field: text, value: text },
  optional: ['value'],
});
const changed = event('changed', {
  links: ['control-controller'],
  event: { status: text, port: integer },
  optional: ['port'],
});

t.test('a property that is optional may be there, rightly, or not be there', async t => {
  const stage = new Stage();
  const server = await stage.server({ definitions: [set, changed] });
  const got: unknown[] = [];
  server
    .handle(set, data => {
      const value: string | undefined = data.value;
      got.push([data.field, value]);
      return {};
    })
    .handle(changed, ({ status, port = 0 }) => got.push([status, port + 1]));
  const client = stage.client({ definitions: [set, changed] });
  await settled(60);
  await client.send(set, { field: 'a' });
  await client.send(set, { field: 'b', value: 'c' });
  client.send(changed, { status: 'up' });
  client.send(changed, { status: 'up', port: 7 });
  await settled();
  t.same(got, [
    ['a', undefined],
    ['b', 'c'],
    ['up', 1],
    ['up', 8],
  ]);

  // @ts-expect-error: a port is no text
  t.throws(() => client.send(changed, { status: 'up', port: '7' }), { code: 'INVALID_VALUE' });
  // @ts-expect-error: the status must be there
  t.throws(() => client.send(changed, { port: 7 }), { code: 'INVALID_VALUE' });
  await stage.end();
});

t.test('only declared properties can be optional, and the way of a message never is', t => {
  const links = ['controller-node'] as const;
  t.throws(() => event('x', { links, event: { a: text }, optional: ['b' as 'a'] }), {
    code: 'INVALID_VALUE',
    message: 'x: b cannot be optional: it is not declared',
  });
  const way = { links, forwardTo: 'instance', request: { instance_id: integer }, optional: ['instance_id'] } as const;
  t.throws(() => request('x', way), { code: 'INVALID_VALUE', message: /cannot be optional: it is the way$/ });
  t.end();
});
