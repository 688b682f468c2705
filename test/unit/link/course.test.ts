// The parts of links for themselves: numbers and what is kept, heartbeats, frames.

import t from 'tap';
import { optional } from '../../../lib/base/optional.ts';
import type { LinkClientEvents } from '../../../lib/protocol/link/index.ts';
import { loadAuthentication } from '../../../lib/protocol/link/server/authentication.ts';
import type { Carrier } from '../../../lib/protocol/link/session.ts';
import { SeedCourse, SessionCourse } from '../../../lib/protocol/link/session.ts';
import { readFrame } from '../../../lib/protocol/link/wire.ts';
import { VirtualClock } from '../../../lib/testkit/index.ts';
import { add, Stage, settled } from './stage.ts';

class Ear implements Carrier {
  clear = true;
  readonly frames: string[] = [];
  send(frame: string): void {
    this.frames.push(frame);
  }
  get seqs(): unknown[] {
    return this.frames.splice(0).map(frame => (JSON.parse(frame) as { seq: unknown }).seq);
  }
}

t.test('a session keeps what is not confirmed, and goes on behind it', async t => {
  const [first, second] = [new Ear(), new Ear()];
  const course = new SessionCourse(first, { count: 10, bytes: 1_000, frame: 900 }, new VirtualClock());
  for (let n = 1; n <= 4; n += 1) t.equal(course.post('x_event', {}), n);
  t.same(first.seqs, [1, 2, 3, 4]);
  course.confirm(1);
  course.confirm(null);
  t.equal(course.held, 3);
  t.throws(() => course.confirm(9), { name: 'PeerError', code: 'INVALID_COUNT' });
  course.detach();
  t.equal(course.post('x_event', {}), 5);
  t.notOk(course.canResume(0));
  t.notOk(course.canResume(9));
  course.resume(second, 3);
  t.same(second.seqs, [4, 5]);
  course.answered(5);
  t.equal(course.held, 0);
  second.clear = false;
  t.equal(course.post('x_event', {}), 6);
  t.same(second.seqs, [], 'a full carrier is not filled further');
  second.clear = true;
  course.flush();
  t.same(second.seqs, [6]);
  t.throws(() => course.post('x_event', { long: 'x'.repeat(1_000) }), { code: 'OUTBOX_FULL' });
});

t.test('what comes in is the next, a repeated one, or a gap', async t => {
  const course = new SessionCourse(new Ear(), { count: 10, bytes: 1_000, frame: 900 }, new VirtualClock());
  t.equal(course.received, null);
  t.same(
    [1, 2, 2, 1, -4, 4, 3].map(seq => course.arrive(seq)),
    [...['next', 'next', 'repeated', 'repeated', 'repeated', 'gap', 'next']],
  );
  t.equal(course.received, 3);
});

t.test('a seed has numbers and no memory', async t => {
  const ear = new Ear();
  const course = new SeedCourse(ear, 2, 1_000_000);
  t.equal(course.post('x_event', {}), 3);
  course.detach();
  t.throws(() => course.post('x_event', {}), { name: 'NetworkError', code: 'CLOSED' });
});

t.test('brackets inside strings are no depth', async t => {
  t.same(readFrame(Buffer.from(JSON.stringify({ a: `${'['.repeat(500)}"\\` }))), { a: `${'['.repeat(500)}"\\` });
  t.throws(() => readFrame(Buffer.from('['.repeat(1_000_000))), { code: 'PROTOCOL_ERROR' });
});

t.test('a package that is missing is named, with the command that installs it', async t => {
  const missing = optional('why', 'nothing@1', () => import('a-package-that-is-not-here' as string));
  await t.rejects(missing, { name: 'UsageError', code: 'MISSING_PACKAGE', message: 'why: npm install nothing@1' });
});

t.test('a token that is not signed with HS256 is refused', async t => {
  const authenticate = await loadAuthentication('secret');
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{}').toString('base64url')}.`;
  t.type(await authenticate(none, { dialect: 'seed', role: 'control', id: undefined }, Date.now()), 'string');
});

t.test('a frozen controller is noticed: SILENT', async t => {
  const stage = new Stage();
  await stage.server({ session: { heartbeat: 1_000 } });
  const node = stage.node(1);
  const reasons: LinkClientEvents['drop'][] = [];
  node.on('drop', reason => reasons.push([reason]));
  await settled();
  for (const end of stage.frames.ends) end.stalled = true;
  await stage.clock.advance(2_100);
  t.match(reasons, [[{ name: 'NetworkError', code: 'SILENT' }]]);
  await stage.end();
});

t.test('a handler that runs for long holds nobody up; past the limit nothing is read', async t => {
  const stage = new Stage();
  const server = await stage.server({ limits: { handlers: 2 } });
  let running = 0;
  server.handle(add, ({ a, b }) => {
    running += 1;
    return new Promise(resolve =>
      stage.clock.after(1_000, () => {
        running -= 1;
        resolve({ sum: a + b });
      }),
    );
  });
  const node = stage.node(1);
  await settled();
  const all = [1, 2, 3, 4].map(a => node.send(add, { a, b: 0 }));
  await settled();
  t.equal(running, 2);
  await stage.clock.advance(2_000);
  t.same(await Promise.all(all), [{ sum: 1 }, { sum: 2 }, { sum: 3 }, { sum: 4 }]);
  await stage.end();
});

t.test('nothing is left behind when all has ended', async t => {
  const stage = new Stage();
  await stage.server();
  stage.node(7);
  await settled();
  stage.node(7, { name: 'newer' });
  await settled();
  await stage.end();
  t.equal(stage.clock.waiting, 0, 'no timer');
  t.same(stage.communicator.connections, []);
});
