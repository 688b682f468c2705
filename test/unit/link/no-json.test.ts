// What JSON has no text for: schemas that allow anything let it pass, and it must not get lost, nor end the process.

import t from 'tap';
import { event, request } from '../../../lib/protocol/link/index.ts';
import { add, Stage, settled } from './stage.ts';

const anything = request('anything', { links: ['control-controller'], request: { any: {} }, response: { any: {} } });
const heard = event('heard', { links: ['control-controller'], event: { any: {} } });
const definitions = [anything, heard, add];

const circle: { me?: unknown } = {};
circle.me = circle;

for (const [what, any] of [
  ['a bigint', 5n],
  ['a circle', circle],
] as const) {
  t.test(`${what} in an answer is an error for who asked, and the link goes on`, async t => {
    for (const dialect of ['seed', 'session'] as const) {
      const stage = new Stage();
      const server = await stage.server({ definitions, dialect });
      let answer: unknown = { any };
      server.handle(anything, () => answer as { any: unknown }).handle(add, ({ a, b }) => ({ sum: a + b }));
      const control = stage.client({ definitions, dialect });
      await settled();
      for (const given of [{ any }, Promise.resolve({ any })]) {
        answer = given;
        const refused = t.rejects(control.send(anything, { any: 1 }), {
          code: 'REQUEST_FAILED',
          message: 'anything_response cannot be sent: it is no JSON',
        });
        const next = control.send(add, { a: 1, b: 1 });
        await settled();
        await stage.clock.advance(5_000);
        await refused;
        t.same(await next, { sum: 2 }, 'what came behind it is handled');
      }
      await stage.end();
    }
  });

  t.test(`${what} in a request or an event is refused where it is sent`, async t => {
    const stage = new Stage();
    const server = await stage.server({ definitions });
    server.handle(add, ({ a, b }) => ({ sum: a + b }));
    const control = stage.client({ definitions });
    await settled();
    await t.rejects(control.send(anything, { any }), { code: 'INVALID_VALUE', name: 'UsageError' });
    t.throws(() => control.send(heard, { any }), {
      code: 'INVALID_VALUE',
      message: /^heard_event has no text in JSON/,
    });
    t.same(await control.send(add, { a: 1, b: 1 }), { sum: 2 }, 'no number was used up');
    await stage.end();
  });
}

t.test('an answer that fails when it is read is an error for who asked, and the link goes on', async t => {
  const stage = new Stage();
  const server = await stage.server({ definitions });
  const lazy = {
    get any(): unknown {
      throw new Error('not there any more');
    },
  };
  const answers: unknown[] = [lazy, Promise.resolve(lazy)];
  server.handle(anything, () => answers.shift() as { any: unknown });
  const control = stage.client({ definitions });
  await settled();
  for (const any of ['at once', 'later']) {
    const wrong = { code: 'REQUEST_FAILED', message: 'not there any more' };
    const refused = t.rejects(control.send(anything, { any }), wrong);
    await settled();
    await stage.clock.advance(5_000);
    await refused;
  }
  await stage.end();
});
