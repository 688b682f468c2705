// Links share the time of the process, and a link that is held back lets answers pass by.

import t from 'tap';
import { add, note, Stage, settled } from './stage.ts';

const register = { seq: null, type: 'register_control', data: { agent: 'busy', version: 'x' } };
const notes = (count: number): object[] =>
  Array.from({ length: count }, (_, at) => ({ seq: at + 1, type: 'note_event', data: { n: at } }));

t.test('a busy link does not keep the others waiting: 256 messages, then others and timers', async t => {
  const stage = new Stage();
  const server = await stage.server();
  const seen: number[] = [];
  server.handle(note, ({ n }) => seen.push(n));
  let before = -1;
  server.handle(add, ({ a, b }) => {
    before = seen.length;
    return { sum: a + b };
  });
  const other = stage.client();
  const busy = await stage.raw();
  await busy.say(register);
  const rounds: number[] = [];
  const look = (): void => {
    rounds.push(seen.length);
    if (seen.length < 5_000) setImmediate(look);
  };
  setImmediate(look);
  for (const frame of notes(5_000)) busy.end.send(Buffer.from(JSON.stringify(frame)));
  const sum = other.send(add, { a: 1, b: 2 });
  await settled(60);
  t.same(await sum, { sum: 3 });
  t.same(seen.length, 5_000, 'all of it was handled');
  t.same(
    seen,
    seen.toSorted((a, b) => a - b),
    'in its order',
  );
  t.ok(before < 600, `the other one came after ${before} of them`);
  const steps = rounds.slice(1).map((count, at) => count - (rounds[at] ?? 0));
  t.ok(Math.max(...steps) <= 512, `at most ${Math.max(...steps)} in one round of the loop`);
  await stage.end();
});

t.test(
  'an answer passes by a link that is held back, and what came before it is handled after, in its order',
  async t => {
    for (const dialect of ['seed', 'session'] as const) {
      const stage = new Stage();
      const server = await stage.server({ dialect, limits: { handlers: 1 } });
      const seen: number[] = [];
      server.handle(note, ({ n }, from) => {
        seen.push(n);
        // Asks back, and waits for the answer: the link is held until it comes.
        return from.send(add, { a: n, b: n });
      });
      const node = stage.node(1, { dialect });
      node.handle(add, ({ a, b }) => ({ sum: a + b }));
      await settled();
      for (let n = 1; n <= 4; n += 1) node.send(note, { n });
      await stage.clock.advance(1_000);
      t.same(seen, [1, 2, 3, 4], dialect);
      t.equal(server.node(1).link.waiting, 0);
      t.equal(node.state, 'connected');
      await stage.end();
    }
  },
);

t.test('what is held back outlives its socket: nothing is lost, nothing handled twice', async t => {
  const stage = new Stage();
  const server = await stage.server({ limits: { handlers: 1 } });
  const seen: number[] = [];
  let release = (): void => undefined;
  server.handle(note, async ({ n }, from) => {
    seen.push(n);
    if (n !== 1) return;
    from.send(add, { a: 1, b: 1 }).catch(() => undefined);
    await new Promise<void>(resolve => {
      release = resolve;
    });
  });
  const node = stage.node(1);
  // It never answers: so the link reads on, for the answer's sake, and holds back what is none.
  node.handle(add, () => new Promise<never>(() => undefined));
  await settled();
  for (let n = 1; n <= 3; n += 1) node.send(note, { n });
  await settled();
  t.same(seen, [1]);
  stage.frames.cut();
  await settled();
  release();
  await settled();
  t.same(seen, [1, 2, 3], 'also while the link is away');
  await stage.clock.advance(2_000);
  t.equal(node.state, 'connected');
  t.same(seen, [1, 2, 3]);
  await stage.end();
});
