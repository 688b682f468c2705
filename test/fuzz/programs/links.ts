// The daemon's links: a controller that speaks both dialects, with small limits, and handlers of all kinds.

import { setTimeout as pause } from 'node:timers/promises';
import type { Communicator } from '../../../lib/index.ts';
import type { LinkServer } from '../../../lib/protocol/link/index.ts';
import { event, linkServer, request } from '../../../lib/protocol/link/index.ts';

const integer = { type: 'integer' } as const;
const links = ['control-controller', 'node-controller', 'controller-node', 'controller-control'] as const;
const add = request('add', { links, request: { a: integer, b: integer }, response: { sum: integer } });
const slow = request('slow', { links, request: { ms: integer } });
const back = request('back', { links, response: { sum: integer } });
const gone = request('gone', { links, forwardTo: 'instance' });
const list = request('list_slaves', { links, response: { list: { type: 'array' } } });
const note = event('note', { links, event: { n: integer }, broadcastTo: 'node' });
const definitions = [add, slow, back, gone, list, note];

/** Gives its address. */
export function openLinks(communicator: Communicator): Promise<string> {
  const server: LinkServer = linkServer('ws://127.0.0.1:0', {
    definitions,
    dialect: 'both',
    locate: id => Math.abs(id % 5),
    limits: { joining: 20, handshake: 300, frame: 16 * 1024, unsent: 128 * 1024, handlers: 3 },
    session: { timeout: 300, heartbeat: 100, count: 100, bytes: 64 * 1024 },
  });
  server
    .handle(add, ({ a, b }) => ({ sum: (a + b) % 1_000_000 }))
    .handle(slow, ({ ms }) => pause(Math.abs(ms % 10)).then(() => undefined))
    .handle(back, (_, from) => from.send(add, { a: 1, b: 1 }, { timeout: 30 }))
    .handle(list, async () => ({ list: [] }))
    .handle(note, ({ n }, from) => from.send(note, { n }));
  communicator.add(server);
  return server.ready;
}
