// A permanent client whose outbox is on a real disk: what one life stores, the next one sends.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import type { ClientOptions, PermanentClient } from '../../../lib/index.ts';
import { Dispatcher, Message, memory } from '../../../lib/index.ts';
import type { World } from '../../support/world.ts';
import { until } from '../../support/world.ts';
import { RawServer } from '../raw.ts';
import { worldOf } from '../stairs.ts';
import { place, Way } from './session-pair.ts';

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'session-spool-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }));
  return path;
}

const note = (n: number | string): Message => Message.of('NOTE', { n });
const pause = { first: 5, most: 20 } as const;

interface Life extends World {
  readonly client: PermanentClient;
  /** Ends this life in good order, and says what its communicator reports. */
  readonly end: () => ReturnType<World['communicator']['stop']>;
}

/** One life of a process with a client. */
function life(t: Test, way: Way, directory: string, options: ClientOptions = {}): Life {
  const made = worldOf(t, { transports: { memory: way } });
  const outbox = { ...options.outbox, spool: { directory, ...options.outbox?.spool } };
  const client = made.communicator.permanent(place, { pause, ...options, outbox });
  return { ...made, client, end: () => made.communicator.stop(100) };
}

interface Served extends World {
  readonly handled: string[];
}

async function server(t: Test, way: Way): Promise<Served> {
  const handled: string[] = [];
  const made = worldOf(t, { transports: { memory: way } });
  const dispatcher = new Dispatcher().on('NOTE', message => {
    handled.push(message.get('n') ?? '');
  });
  await made.communicator.listen(place, { dispatcher }).ready;
  return { ...made, handled };
}

const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    value => JSON.stringify(value),
    ({ code }) => String(code),
  );
const idle = ({ client }: Life): boolean => {
  const { unconfirmed, queued } = client.snapshot();
  return unconfirmed === 0 && queued === 0;
};

t.test("deliver until 'stored' resolves when it is on the disk, though nobody was reached", async t => {
  const directory = folder(t);
  const way = new Way();
  const first = life(t, way, directory);
  t.same(await first.client.deliver(note(1), { until: 'stored' }), { guarantee: 'stored' });
  const confirmed = codeOf(first.client.deliver(note(2)));
  const report = await first.end();
  t.equal(await confirmed, 'ABANDONED');
  t.match(report, { finished: 0, abandoned: [{ kind: 'permanent client', messages: 2 }] });
  const { handled } = await server(t, way);
  const second = life(t, way, directory);
  await until('both came', () => handled.length === 2);
  t.same(handled, ['1', '2']);
  await until('they are confirmed', () => idle(second));
  t.match(await second.end(), { finished: 1, abandoned: [] });
  const third = life(t, way, directory);
  t.match(await third.client.deliver(note(3)), { guarantee: 'exactly-once-per-session' });
  t.same(handled, ['1', '2', '3']);
});

t.test('what is sent before the spool is open goes behind what the last life left', async t => {
  const directory = folder(t);
  const way = new Way();
  const first = life(t, way, directory);
  for (const n of [1, 2, 3]) first.client.send(note(n));
  await until('stored', () => first.log.texts().includes('spool opened'));
  await first.client.deliver(note(4), { until: 'stored' });
  await first.end();
  const { handled } = await server(t, way);
  const second = life(t, way, directory);
  second.client.send(note(5));
  const stored = codeOf(second.client.deliver(note(6), { until: 'stored' }));
  const confirmed = codeOf(second.client.deliver(note(7)));
  t.match(JSON.parse(await stored), { guarantee: 'stored' });
  t.match(JSON.parse(await confirmed), { guarantee: 'exactly-once-per-session' });
  t.same(handled, ['1', '2', '3', '4', '5', '6', '7']);
});

t.test('many lives on one session: each message once, in order, whatever was under way', async t => {
  const directory = folder(t);
  const way = new Way();
  const { handled } = await server(t, way);
  const stored: string[] = [];
  for (let turn = 0; turn < 12; turn += 1) {
    const one = life(t, way, directory);
    for (let n = 0; n < 40; n += 1) {
      const name = `${turn}-${n}`;
      one.client.deliver(note(name), { until: 'stored' }).then(
        () => stored.push(name),
        () => undefined,
      );
      if (n % 10 === turn % 10) await new Promise(resolve => setImmediate(resolve));
    }
    await until('one is stored', () => stored.some(name => name.startsWith(`${turn}-`)));
    if (turn % 3 === 0) one.client.destroy();
    else if (turn % 3 === 1) await one.end();
    else way.cut({ direction: 'out', bytes: turn * 30, kind: 'reset' });
    if (turn % 3 === 2) one.client.destroy();
    await until('it has ended', () => one.communicator.connections.length === 0);
  }
  const last = life(t, way, directory);
  await until('all came', () => stored.every(name => handled.includes(name)));
  await until('all is confirmed', () => idle(last));
  t.same(handled, [...new Set(handled)], 'none twice');
  const order = (name: string): number => Number(name.split('-')[0]) * 1_000 + Number(name.split('-')[1]);
  t.same(
    handled,
    [...handled].sort((a, b) => order(a) - order(b)),
  );
});

t.test('two clients on one folder: the second does not run, and the first goes on', async t => {
  const directory = folder(t);
  const way = new Way();
  const { handled } = await server(t, way);
  const first = life(t, way, directory);
  await first.client.deliver(note(1));
  const second = life(t, way, directory);
  const closes: unknown[] = [];
  second.client.on('close', reason => closes.push((reason as { readonly code?: string } | undefined)?.code));
  const delivery = codeOf(second.client.deliver(note('never')));
  t.equal(await codeOf(second.communicator.run()), 'SPOOL_LOCKED');
  t.equal(await delivery, 'ABANDONED');
  t.same([closes, second.client.state], [['SPOOL_LOCKED'], 'closed']);
  await first.client.deliver(note(2));
  t.same(handled, ['1', '2']);
  await first.end();
  const third = life(t, way, directory);
  await third.client.deliver(note(3));
  t.same(handled, ['1', '2', '3']);
});

t.test('expired and withdrawn ones leave the count right, through a restart', async t => {
  const directory = folder(t);
  const way = new Way();
  const served = await server(t, way);
  const first = life(t, way, directory);
  await first.client.deliver(note('a'));
  way.close();
  await until('the link is lost', () => first.client.state !== 'open');
  const abort = new AbortController();
  first.client.send(note('b'));
  const expired = codeOf(first.client.deliver(note('expires'), { ttl: 20 }));
  const withdrawn = codeOf(first.client.deliver(note('withdrawn'), { signal: abort.signal }));
  await first.client.deliver(note('c'), { until: 'stored' });
  abort.abort(Object.assign(new Error('no'), { code: 'MINE' }));
  t.same([await expired, await withdrawn], ['EXPIRED', 'MINE']);
  await first.end();
  const second = life(t, way, directory);
  const late = codeOf(second.client.deliver(note('late'), { ttl: 20 }));
  await second.client.deliver(note('d'), { until: 'stored' });
  t.equal(await late, 'EXPIRED');
  await second.end();
  way.open();
  const third = life(t, way, directory);
  await third.client.deliver(note('e'));
  t.same(served.handled, ['a', 'b', 'c', 'd', 'e']);
  t.match(third.client.snapshot(), { unconfirmed: 0, queued: 0, invalid: 0 });
  t.same(
    served.log.texts('warn').filter(text => text.startsWith('refused')),
    [],
  );
});

t.test('a peer without sessions gets what was stored once, and nothing is left', async t => {
  const directory = folder(t);
  const raw = await RawServer.listen();
  t.teardown(() => raw.close());
  const client = (): Life => {
    const made = worldOf(t, { transports: { memory: memory() } });
    const client = made.communicator.permanent(raw.address, { pause, outbox: { spool: { directory } } });
    return { ...made, client, end: () => made.communicator.stop(100) };
  };
  const first = client();
  first.client.send(note(1));
  const connection = await raw.connection(0);
  await connection.line();
  connection.send('WELCOME\nAGAIN\n');
  t.same(await first.client.deliver(note(2)), { guarantee: 'at-most-once' });
  t.equal(await connection.line(), 'NOTE n=2\n');
  await until('all went out', () => idle(first));
  await first.end();
  const second = client();
  second.client.send(note(3));
  const next = await raw.connection(1);
  t.match(await next.line(), /^NOTE _session=[^;]+;n=3\n$/);
});

t.test("until 'stored' without a spool is a mistake of the program", async t => {
  const made = worldOf(t, { transports: { memory: new Way() } });
  const client = made.communicator.permanent(place);
  const wrong = { name: 'UsageError', code: 'INVALID_VALUE' };
  await t.rejects(client.deliver(note(1), { until: 'stored' }), wrong);
  t.match(client.unfinished, { messages: 0 });
  await t.rejects(client.deliver(note(1), { until: 'soon' as 'stored' }), wrong);
});

t.test('trouble with the disk is seen in the snapshot, and refuses', async t => {
  const directory = folder(t);
  const way = new Way();
  const one = life(t, way, directory, { outbox: { spool: { directory, segment: 4_096, bytes: 65_536 } } });
  await one.client.deliver(note(1), { until: 'stored' });
  t.equal(one.client.snapshot().spool, undefined);
  rmSync(directory, { recursive: true });
  const codes = new Set<string>();
  await until('there is trouble', () => {
    codeOf(one.client.deliver(note('x'.repeat(1_000)), { until: 'stored' })).then(code => codes.add(code));
    return one.client.snapshot().spool !== undefined;
  });
  t.type(one.client.snapshot().spool, 'string');
  await until('and it refuses', () => {
    codeOf(one.client.deliver(note('x'.repeat(1_000)), { until: 'stored' })).then(code => codes.add(code));
    return codes.has('SPOOL_FAILED') || codes.has('SPOOL_FULL');
  });
  t.ok(codes.has('SPOOL_FAILED'), [...codes].join());
  await one.end();
});

t.test('destroy keeps all that was accepted', async t => {
  const directory = folder(t);
  const way = new Way();
  const first = life(t, way, directory);
  await first.client.deliver(note(0), { until: 'stored' });
  for (let n = 1; n < 1_000; n += 1) first.client.send(note(n));
  first.client.destroy();
  await until('it has ended', () => first.communicator.connections.length === 0);
  const { handled } = await server(t, way);
  await life(t, way, directory).client.deliver(note(1_000));
  t.same(handled.map(Number), [...new Array(1_001).keys()]);
});

t.test("what 'report' has reported as lost is not sent by the next life", async t => {
  const directory = folder(t);
  const way = new Way();
  const busy = worldOf(t, { transports: { memory: way } });
  const dispatcher = new Dispatcher().on('NOTE', () => new Promise(() => undefined));
  await busy.communicator.listen(place, { dispatcher }).ready;
  const first = life(t, way, directory, { outbox: { onSessionLost: 'report' } });
  const dropped: unknown[] = [];
  first.client.on('dropped', message => dropped.push(message.get('n')));
  for (const n of [1, 2]) first.client.send(note(n));
  await until('they have agreed', () => first.client.guarantee === 'exactly-once-per-session');
  for (const connection of busy.communicator.connections) connection.destroy();
  const { handled } = await server(t, way);
  await until('both are reported', () => dropped.length === 2);
  await first.client.deliver(note(3));
  first.client.destroy();
  await until('it has ended', () => first.communicator.connections.length === 0);
  await life(t, way, directory).client.deliver(note(4));
  t.same(
    [dropped, handled],
    [
      ['1', '2'],
      ['3', '4'],
    ],
  );
});

t.test('a stop while the spool opens keeps what was sent, and has the folder free when it is over', async t => {
  const directory = folder(t);
  const way = new Way();
  const first = life(t, way, directory);
  const fate = codeOf(first.client.deliver(note(1)));
  await first.end();
  t.equal(await fate, 'ABANDONED');
  const { handled } = await server(t, way);
  await life(t, way, directory).client.deliver(note(2));
  t.same(handled, ['1', '2']);
});
