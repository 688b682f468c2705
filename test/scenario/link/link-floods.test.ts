// Too much, too slowly, or not at all: each has its stated answer over real WebSockets, in both dialects, with memory
// bounded; another link of the same controller goes on. The table of the README is these rows.

import type { Test } from 'tap';
import t from 'tap';
import { WebSocket } from 'ws';
import type { LinkPeer, LinkServer } from '../../../lib/protocol/link/index.ts';
import { event, request } from '../../../lib/protocol/link/index.ts';
import { closeTime } from '../../../lib/protocol/link/session/frame-socket.ts';
import { settled } from '../../../lib/testkit/index.ts';
import { until } from '../../support/world.ts';
import { add, definitions } from '../../unit/link/stage.ts';
import { LinkStage, RawLink, tableOf } from './link-stage.ts';

type Dialect = 'seed' | 'session';

const text = { type: 'string' } as const;
const block = 'x'.repeat(500_000);
const tell = event('tell', { links: ['controller-control'], event: { text } });
const fetch = request('fetch', { links: ['control-controller'], response: { text } });
/** Bytes that may wait for who does not read. */
const most = 16 * 1024 * 1024;

interface World {
  readonly t: Test;
  readonly stage: LinkStage;
  readonly server: LinkServer;
  readonly dialect: Dialect;
  /** Registers a bare peer. */
  enter(): Promise<{ raw: RawLink; peer: LinkPeer }>;
}

interface Flood {
  readonly what: string;
  readonly seed: string;
  readonly session: string;
  readonly play: (world: World) => Promise<string>;
}

const both = (what: string, answer: string, play: Flood['play']): Flood => ({
  ...{ what, seed: answer, session: answer, play },
});

async function ending(raw: RawLink): Promise<string> {
  const { code, reason } = await raw.end();
  const said = raw.inbox.find(({ type }) => type === 'close')?.data?.reason;
  return said === undefined ? `${code} ${reason}`.trim() : `close: ${said}`;
}

const late = { seed: 'close: Handshake timeout', session: '1013 Handshake timeout' } as const;

/** Why a peer was cut off. */
const reasonOf = (server: LinkServer): Promise<string> =>
  new Promise(resolve =>
    server.on('leave', (_, reason) => resolve((reason as { code?: string } | undefined)?.code ?? '')),
  );

const rows: readonly Flood[] = [
  {
    ...{ what: 'no `register` within 30 s', ...late },
    async play({ t, stage }) {
      const raw = await stage.raw(t);
      await stage.clock.advance(29_900);
      t.equal(raw.closed, undefined);
      await stage.clock.advance(200);
      return ending(raw);
    },
  },
  {
    ...{ what: 'the oldest of 1,000 that have not registered, when another one comes', ...late },
    async play({ t, stage, server }) {
      const crowd: RawLink[] = [];
      for (let n = 0; n < 1_000; n += 1) {
        crowd.push(new RawLink(new WebSocket(stage.url)));
        if (n % 50 === 0) await until('they are in', () => crowd.every(({ inbox }) => inbox.length > 0));
      }
      t.teardown(() => {
        for (const { ws } of crowd) ws.terminate();
      });
      await until('all are in', () => (server.snapshot().joining as number) === 1_000);
      t.equal(crowd.filter(({ closed }) => closed !== undefined).length, 0);
      const another = await stage.raw(t);
      const answer = await ending(crowd[0] as RawLink);
      t.equal(crowd.filter(({ closed }) => closed !== undefined).length, 1, 'one has gone');
      t.equal(another.closed, undefined);
      return answer;
    },
  },
  both('more sockets than 10,000', '1013 Too many connections', async ({ t, dialect }) => {
    const small = new LinkStage(t);
    await small.server({ dialect, limits: { connections: 1 } });
    await small.raw(t);
    const raw = new RawLink(new WebSocket(small.url));
    t.teardown(() => raw.ws.terminate());
    return ending(raw);
  }),
  both('more than 1,000 pings or pongs in a second', '1008 Too many pings', async ({ enter }) => {
    const { raw } = await enter();
    for (let n = 0; n < 20_000; n += 1) raw.ws.ping('x');
    return ending(raw);
  }),
  both('a frame over the 16 MiB of the transport', '1009', async ({ enter }) => {
    const { raw } = await enter();
    raw.say('x'.repeat(most + 1));
    return ending(raw);
  }),
  {
    ...{ what: 'nothing is read, and 16 MiB wait', seed: 'cut off: SLOW_PEER', session: 'OUTBOX_FULL to who sends' },
    async play({ t, enter, server }) {
      const { raw, peer } = await enter();
      raw.ws.pause();
      const left = reasonOf(server);
      for (let n = 0; n < 100 && peer.state === 'connected'; n += 1) {
        try {
          peer.send(tell, { text: block });
        } catch (error) {
          t.equal(peer.state, 'connected', 'it stays');
          t.ok((peer.snapshot().unconfirmed as number) * block.length <= most, 'memory is bounded');
          return `${(error as { code: string }).code} to who sends`;
        }
        await settled(2);
      }
      return `cut off: ${await left}`;
    },
  },
  {
    ...{ what: 'requests by who reads no answer', seed: 'cut off: SLOW_PEER', session: '1011 Outbox full' },
    async play({ enter, server, dialect }) {
      const { raw, peer } = await enter();
      raw.ws.pause();
      const left = reasonOf(server);
      for (let seq = 2; seq < 102 && peer.state === 'connected'; seq += 1) {
        raw.say({ seq: dialect === 'seed' ? seq : seq - 1, type: 'fetch_request', data: {} });
        await settled(2);
      }
      await until('it is over', () => peer.state === 'closed');
      if (dialect === 'seed') return `cut off: ${await left}`;
      raw.ws.resume();
      return ending(raw);
    },
  },
  both('who neither reads nor closes, 10 s after a close frame', 'cut off', async ({ t, enter, stage, server }) => {
    const { raw, peer } = await enter();
    const { sockets } = server.snapshot();
    raw.ws.pause();
    for (let n = 0; n < 20; n += 1) peer.send(tell, { text: block });
    raw.say({ seq: 1.5, type: 'add_request', data: {} });
    await until('the controller closes it', () => peer.state !== 'connected');
    await stage.clock.advance(closeTime - 100);
    t.equal(server.snapshot().sockets, sockets, 'its socket is still there');
    await stage.clock.advance(200);
    await until('its socket is gone', () => server.snapshot().sockets !== sockets);
    raw.ws.resume();
    const { code } = await raw.end();
    return code === 1006 ? 'cut off' : String(code);
  }),
];

async function world(t: Test, dialect: Dialect): Promise<World> {
  const stage = new LinkStage(t);
  const own = [...definitions, tell, fetch];
  const server = await stage.server({ dialect, definitions: own, session: { heartbeat: 1e6 } });
  server.handle(fetch, () => ({ text: block }));
  const enter = async () => {
    const raw = await stage.raw(t);
    const data = { agent: 'flood', version: 'x' };
    const seq = dialect === 'seed' ? 1 : null;
    await raw.say({ seq, type: 'register_control', data }).heard(2);
    return { raw, peer: server.peers.at(-1) as LinkPeer };
  };
  return { t, stage, server, dialect, enter };
}

for (const { what, play, ...stated } of rows) {
  t.test(what, async t => {
    for (const dialect of ['seed', 'session'] as const) {
      const made = await world(t, dialect);
      const { stage, server } = made;
      server.handle(add, ({ a, b }) => ({ sum: a + b }));
      const neighbour = stage.client({ dialect });
      const seen: string[] = [];
      for (const name of ['drop', 'invalidate', 'close'] as const) neighbour.on(name, () => seen.push(name));
      await until('the neighbour is there', () => neighbour.state === 'connected');
      t.equal(await play(made), stated[dialect], dialect);
      t.same(await neighbour.send(add, { a: 20, b: 3 }), { sum: 23 }, 'the neighbour goes on');
      t.same(seen, []);
    }
  });
}

t.test('the table in the README is the rows that were tested', async t => {
  t.same(
    tableOf('floods'),
    rows.map(({ what, seed, session }) => [what, seed, session]),
  );
});
