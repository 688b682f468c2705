// Each bad input has its stated answer, over real WebSockets, at both ends and in both dialects; nothing of it disturbs
// another link. The tables of the README are these rows.

import type { Test } from 'tap';
import t from 'tap';
import type { LinkClient } from '../../../lib/protocol/link/index.ts';
import { linkToken } from '../../../lib/protocol/link/index.ts';
import { settled } from '../../../lib/testkit/index.ts';
import { until } from '../../support/world.ts';
import { add } from '../../unit/link/stage.ts';
import type { Row } from './link-bad-input-rows.ts';
import { greetings, messages, registrations } from './link-bad-input-rows.ts';
import type { Frame, RawLink } from './link-stage.ts';
import { LinkStage, RawController, tableOf } from './link-stage.ts';

type Dialect = 'seed' | 'session';

const dialects = ['seed', 'session'] as const;
const secret = 'c2VjcmV0IG9mIHRoZSB0ZXN0cw==';
const tokenOf = (dialect: Dialect, valid = 1e9) => linkToken(secret, { dialect, role: 'control', valid });

/** A controller, a client of ours whose link must not be disturbed, and a good registration. */
async function stageOf(t: Test, dialect: Dialect) {
  const stage = new LinkStage(t);
  const server = await stage.server({ dialect, secret });
  server.handle(add, ({ a, b }) => ({ sum: a + b }));
  const token = await tokenOf(dialect);
  const neighbour = stage.client({ dialect, token });
  const seen: string[] = [];
  for (const name of ['drop', 'invalidate', 'close'] as const) neighbour.on(name, () => seen.push(name));
  await until('the neighbour is there', () => neighbour.state === 'connected');
  const register = {
    ...{ seq: dialect === 'seed' ? 1 : null, type: 'register_control' },
    data: { agent: 'x', version: 'x', token },
  };
  const undisturbed = async (what: string): Promise<void> => {
    t.same(await neighbour.send(add, { a: 20, b: 3 }), { sum: 23 }, `${dialect}: ${what}: the neighbour goes on`);
    t.same(seen, []);
  };
  return { stage, server, register, undisturbed, token };
}

/** What is said after the bad one: a request that shows whether the link goes on. */
const probe = (seq: number): Frame => ({ seq, type: 'add_request', data: { a: 100, b: 1 } });

/** The answer as the tables state it. */
async function answer(raw: RawLink): Promise<string> {
  const isOver = (): boolean => raw.closed !== undefined;
  const isProbed = ({ type, data }: Frame): boolean => type === 'add_response' && data?.sum === 101;
  await until('an answer, or the end', () => raw.inbox.some(isProbed) || isOver());
  const [first] = raw.inbox.filter(({ type }) => type !== 'heartbeat');
  if (first?.type === 'close') {
    const { code } = await raw.end();
    return code === 1005 ? `close: ${first.data?.reason}` : `close, then ${code}`;
  }
  if (raw.closed !== undefined) return raw.closed.code === 1006 ? 'cut off' : `${raw.closed.code} ${raw.closed.reason}`;
  if (first === undefined || isProbed(first)) return 'left aside';
  if (first.data?.error !== undefined) return `error: ${first.data.error}`;
  return first.data?.sum === 3 ? 'answered' : `${first.type}`;
}

const good = { seq: 1, type: 'add_request', data: { a: 1, b: 2 } };

t.test('in the place of a registration', async t => {
  for (const dialect of dialects) {
    const { stage, register, undisturbed } = await stageOf(t, dialect);
    for (const { what, say, ...stated } of registrations(await tokenOf(dialect, -1e9))) {
      const raw = await stage.raw(t);
      raw.inbox.splice(0);
      raw.say(say(register));
      await raw.heard(1);
      // What was taken goes on with a request.
      if (raw.inbox[0]?.type === 'ready') raw.say(probe(dialect === 'seed' ? 2 : 1));
      const invalidated = raw.inbox[0]?.type === 'invalidate';
      t.equal(invalidated ? 'invalidate' : await answer(raw), stated[dialect], `${dialect}: ${what}`);
      raw.ws.terminate();
      await undisturbed(what);
    }
  }
});

t.test('on an open link, at the controller', async t => {
  for (const dialect of dialects) {
    const { stage, register, undisturbed } = await stageOf(t, dialect);
    for (const { what, say, next, ...stated } of messages) {
      const raw = await stage.raw(t);
      await raw.say(register).heard(2);
      raw.inbox.splice(0);
      raw.say(say(good), probe(next));
      t.equal(await answer(raw), stated[dialect], `${dialect}: ${what}`);
      raw.ws.terminate();
      await undisturbed(what);
    }
  }
});

/** Registers a client of ours with a controller that the test speaks for. */
async function welcome(raw: RawLink, dialect: Dialect): Promise<void> {
  const [seq, next] = dialect === 'seed' ? [1, 2] : [null, null];
  const session = { session_token: 'x.y', session_timeout: 60, heartbeat_interval: 15 };
  await raw.say({ seq, type: 'hello', data: { version: 'x' } }).heard(1);
  if (raw.inbox[0]?.type === 'resume') await raw.say({ seq, type: 'invalidate', data: {} }).heard(2);
  raw.say({ seq: next, type: 'ready', data: dialect === 'seed' ? {} : session });
  await settled();
  raw.inbox.splice(0);
}

/** The next link of a client of ours; the time until it comes goes by. */
async function comesBack(stage: LinkStage, controller: RawController, index: number): Promise<RawLink> {
  while (controller.links.length <= index) {
    await stage.clock.advance(1_000);
    await settled();
  }
  return controller.link(index);
}

t.test('on an open link, at a client', async t => {
  for (const dialect of dialects) {
    const { stage, undisturbed } = await stageOf(t, dialect);
    const controller = await RawController.open(t);
    const client = stage.client({ dialect }, controller.url);
    client.handle(add, ({ a, b }) => ({ sum: a + b }));
    for (const [index, { what, say, next, ...stated }] of messages.entries()) {
      const raw = await comesBack(stage, controller, index);
      await welcome(raw, dialect);
      raw.say(say(good), probe(next));
      // Its end of the link has the other name.
      const wanted = stated[dialect].replace('master-control', 'control-master');
      t.equal(await answer(raw), wanted, `${dialect}: ${what}`);
      raw.ws.terminate();
      await until('it knows', () => client.state !== 'connected');
      await undisturbed(what);
    }
    client.destroy();
  }
});

t.test('in the place of a greeting, at a client, which tries again', async t => {
  for (const dialect of dialects) {
    const { stage, undisturbed } = await stageOf(t, dialect);
    const controller = await RawController.open(t);
    const client = stage.client({ dialect }, controller.url);
    const hello = { seq: dialect === 'seed' ? 1 : null, type: 'hello', data: { version: 'x' } };
    for (const [index, { what, say, ...stated }] of greetings.entries()) {
      const raw = await comesBack(stage, controller, index);
      raw.say(say(hello));
      t.equal(await answer(raw), stated[dialect], `${dialect}: ${what}`);
      await undisturbed(what);
    }
    await welcome(await comesBack(stage, controller, greetings.length), dialect);
    await until('it registers in the end', () => client.state === 'connected');
    client.destroy();
  }
});

t.test('a client of ours with a token that is not accepted stops, and says why', async t => {
  const stopped = async (client: LinkClient): Promise<Error | undefined> =>
    new Promise(resolve => client.on('close', resolve));
  for (const dialect of dialects) {
    const { stage, undisturbed } = await stageOf(t, dialect);
    for (const token of ['gibberish', await tokenOf(dialect, -1e9), undefined]) {
      const why = await stopped(stage.client({ dialect, token }));
      t.match(why, { name: 'PeerError', code: 'NOT_AUTHENTICATED' }, `${dialect}: ${token?.slice(0, 9)}`);
      await undisturbed('a token');
    }
  }
});

t.test('the tables in the README are the rows that were tested', async t => {
  const cells = (rows: readonly Row[]): string[][] => rows.map(({ what, seed, session }) => [what, seed, session]);
  t.same(tableOf('registrations'), cells(registrations('')));
  t.same(tableOf('messages'), cells(messages));
  t.same(tableOf('greetings'), cells(greetings));
});
