// A server that dies in the middle of a stream of events: none is lost without being counted, and none comes twice.

import type { Test } from 'tap';
import t from 'tap';
import * as zmq from 'zeromq';
import { until } from '../../support/world.ts';
import { count, Stage } from './events-stage.ts';

/** The least server there is, which remembers what it took. */
async function hub(addresses: { emit: string; reg: string }, took: (frame: Buffer) => void) {
  const [pull, pub] = [new zmq.Pull({ linger: 0, receiveHighWaterMark: 10 }), new zmq.Publisher({ linger: 0 })];
  await pull.bind(addresses.emit);
  await pub.bind(addresses.reg);
  const read = async (): Promise<void> => {
    for await (const [frame] of pull) {
      took(frame as Buffer);
      await pub.send(frame as Buffer);
    }
  };
  read().catch(() => undefined);
  const close = (): void => {
    pull.close();
    pub.close();
  };
  return { emit: pull.lastEndpoint as string, reg: pub.lastEndpoint as string, close };
}

/** Binds again where a server was: the system may need a moment to give the ports back. */
async function again(t: Test, place: { emit: string; reg: string }, took: (frame: Buffer) => void) {
  for (;;) {
    try {
      return await hub(place, took);
    } catch {
      await new Promise(resolve => setTimeout(resolve, 10));
      t.comment('not yet');
    }
  }
}

t.test('what a dying server may have lost is counted', async t => {
  const got: number[] = [];
  const took = (frame: Buffer): void => {
    const [, number] = /^X\0\(I(\d+)\n/.exec(frame.toString('latin1')) ?? [];
    if (number !== undefined) got.push(Number(number));
  };
  let server = await hub({ emit: 'tcp://127.0.0.1:*', reg: 'tcp://127.0.0.1:*' }, took);
  t.teardown(() => server.close());
  const stage = new Stage(t);
  const client = stage.client({ emitAddress: server.emit, regAddress: server.reg, outbox: { count: 100_000 } });
  await client.ready();
  let emitted = 0;
  for (let round = 0; round < 5; round += 1) {
    const before = got.length;
    const enough = emitted + 2_000;
    while (emitted < enough || got.length === before) {
      for (let some = 0; some < 100; some += 1, emitted += 1) client.emit('X', emitted);
      await new Promise(setImmediate);
    }
    await until('most are proven', () => client.unfinished.messages < 1_500);
    const { emit, reg } = server;
    server.close();
    await until('the client knows', () => client.state === 'connecting');
    server = await again(t, { emit, reg }, took);
    await client.ready({ timeout: 20_000 });
  }
  const uncertain = count(client, 'uncertain');
  t.equal(new Set(got).size, got.length, 'none came twice');
  t.strictSame(
    got,
    got.toSorted((a, b) => a - b),
    'in order',
  );
  t.ok(
    emitted - got.length <= uncertain,
    `${emitted - got.length} of ${emitted} did not arrive, ${uncertain} were in doubt`,
  );
  t.ok(uncertain <= emitted * 0.75, 'which are not all');
  t.equal(client.unfinished.messages, 0, 'and the rest is proven');
});
