// Nodes that have no room for what is sent to all: each is logged once, until it has room again.

import t from 'tap';
import { event } from '../../../lib/protocol/link/index.ts';
import { definitions, Stage, settled } from './stage.ts';

const links = ['controller-node', 'node-controller'] as const;
const tell = event('tell', { links, event: { n: { type: 'integer' } } });
const pass = event('pass', { links, broadcastTo: 'node', event: { n: { type: 'integer' } } });
const own = { definitions: [...definitions, tell, pass] };

for (const way of ['broadcast', 'broadcastTo'] as const) {
  t.test(`a node that is full is logged once, and again only after it had room: ${way}`, async t => {
    const stage = new Stage();
    const server = await stage.server({ ...own, session: { count: 5 } });
    const nodes = stage.another();
    const full = stage.node(1, own, nodes);
    await settled(60);
    const other = way === 'broadcastTo' ? stage.node(2, own, nodes) : full;
    const seen: number[] = [];
    for (const definition of [tell, pass]) full.handle(definition, ({ n }) => seen.push(n));
    await settled(60);
    const send = async (...numbers: number[]): Promise<void> => {
      for (const n of numbers) {
        if (way === 'broadcast') server.broadcast(tell, { n });
        else other.send(pass, { n });
        await settled();
      }
    };
    const lost = (severity: string): object[] =>
      stage.log.lines.filter(line => line.severity === severity && / is lost/.test(line.message));
    for (const round of [1, 2]) {
      stage.frames.reachable = false;
      stage.frames.ends.at(round === 1 ? 0 : -1)?.destroy();
      await settled();
      t.equal(full.state, 'resuming');
      await send(1, 2, 3, 4, 5, 6, 7, 8, 9);
      t.equal(lost('error').length, round);
      t.match(lost('error').at(-1), {
        message: new RegExp(`^${way === 'broadcast' ? 'tell' : 'pass'}_event is lost: outbox full`),
        fields: { peer: 'node 1', id: 1 },
      });
      t.equal(lost('debug').length, round * 3, 'the others are there for who looks closer');
      stage.frames.reachable = true;
      await stage.clock.advance(10_000);
      // A heartbeat says what has come.
      await stage.clock.advance(16_000);
      t.equal(full.state, 'connected');
      await send(10);
      t.same(seen.splice(0), [1, 2, 3, 4, 5, 10]);
      await stage.clock.advance(16_000);
    }
    void nodes.stop();
    await stage.end();
  });
}
