// Frames that are too long, certificates that no attempt makes good, and options outside their bounds.

import t from 'tap';
import type { Address, Transport } from '../../../lib/index.ts';
import { Communicator, NetworkError } from '../../../lib/index.ts';
import { event, linkClient, linkServer, request } from '../../../lib/protocol/link/index.ts';
import { add, definitions, Stage, settled } from './stage.ts';

const text = { type: 'string' } as const;
const links = ['node-controller', 'controller-node'] as const;
const tell = event('tell', { links, event: { text } });
const ask = request('ask', { links, request: { text }, response: { text } });
const long = 'x'.repeat(3_000);

t.test('what does not fit a frame is refused before it is sent, in both dialects, and the link goes on', async t => {
  for (const dialect of ['seed', 'session'] as const) {
    const stage = new Stage();
    const own = [...definitions, tell, ask];
    const server = await stage.server({ dialect, definitions: own, limits: { frame: 2_000 } });
    const node = stage.node(1, { dialect, definitions: own, limits: { frame: 2_000 } });
    node.handle(ask, ({ text }) => ({ text }));
    server.handle(ask, async () => ({ text: long }));
    await settled();
    const full = { name: 'LimitError', code: 'OUTBOX_FULL', message: /_event has \d+ bytes, a frame 2000/ };
    t.throws(() => node.send(tell, { text: long }), full, `${dialect}, node`);
    t.throws(() => server.node(1).send(tell, { text: long }), full, `${dialect}, controller`);
    await t.rejects(node.send(ask, { text: long }), { code: 'OUTBOX_FULL' });
    await t.rejects(node.send(ask, { text: '' }), {
      code: 'REQUEST_FAILED',
      message: 'ask_response cannot be sent: it is too long',
    });
    t.same(await server.node(1).send(ask, { text: 'short' }), { text: 'short' }, 'it goes on');
    await stage.end();
  }
});

/** A network in which each attempt fails with this error of the system. */
function failing(code: string): { readonly transport: Transport; attempts: number } {
  const made = {
    attempts: 0,
    transport: {
      dial: (address: Address) => {
        made.attempts += 1;
        const cause = Object.assign(new Error(`certificate: ${code}`), { code });
        return Promise.reject(new NetworkError('DIAL_FAILED', `cannot reach ${address.host}`, { cause }));
      },
      listen: () => Promise.reject(new Error('nobody listens here')),
    },
  };
  return made;
}

t.test(
  'a certificate that is not trusted, or of another name, stops the client; one that has expired does not',
  async t => {
    const rows = [
      ['DEPTH_ZERO_SELF_SIGNED_CERT', 'closed'],
      ['SELF_SIGNED_CERT_IN_CHAIN', 'closed'],
      ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'closed'],
      ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'closed'],
      ['CERT_REVOKED', 'closed'],
      ['ERR_TLS_CERT_ALTNAME_INVALID', 'closed'],
      ['CERT_HAS_EXPIRED', 'connecting'],
      ['CERT_NOT_YET_VALID', 'connecting'],
      ['ECONNREFUSED', 'connecting'],
    ] as const;
    for (const [code, state] of rows) {
      const stage = new Stage();
      const net = failing(code);
      const communicator = new Communicator({ clock: stage.clock, transports: { wss: net.transport } });
      const client = linkClient('wss://controller', { role: 'control', definitions });
      let why: Error | undefined;
      client.on('close', reason => {
        why = reason;
      });
      communicator.add(client);
      await settled();
      await stage.clock.advance(30_000);
      t.equal(client.state, state, code);
      if (state === 'closed') {
        t.equal(net.attempts, 1, 'one attempt');
        t.match(why, { name: 'PeerError', code: 'NOT_AUTHENTICATED', message: /its certificate is not accepted/ });
      } else t.ok(net.attempts > 3, `${net.attempts} attempts`);
      await communicator.stop();
    }
  },
);

t.test('options outside their bounds are refused', async t => {
  const server = (options: object) => () => linkServer('ws://127.0.0.1:0', { definitions, ...options });
  const client = (options: object) => () =>
    linkClient('ws://127.0.0.1:1', { role: 'node', id: 1, definitions, ...options });
  for (const make of [server, client]) {
    t.throws(make({ nope: 1 }), { code: 'UNKNOWN_OPTION' });
    t.throws(make({ priority: 256 }), { code: 'OUT_OF_RANGE' });
    t.throws(make({ limits: { nope: 1 } }), { code: 'UNKNOWN_OPTION' });
    t.throws(make({ limits: { frame: 0 } }), { code: 'OUT_OF_RANGE' });
    t.throws(make({ limits: { frame: 1.5 } }), { code: 'OUT_OF_RANGE' });
    t.throws(make({ limits: { handlers: Number.NaN } }), { code: 'OUT_OF_RANGE' });
    t.throws(make({ dialect: 'other' }), { code: 'INVALID_VALUE' });
    t.throws(make({ definitions: 'x' }), { code: 'INVALID_VALUE' });
  }
  t.throws(server({ session: { timeout: 0 } }), { code: 'OUT_OF_RANGE' });
  t.throws(server({ secret: '' }), { code: 'INVALID_VALUE' });
  t.throws(server({ secret: 7 }), { code: 'INVALID_VALUE' });
  t.throws(server({ secret: '!?' }), { code: 'INVALID_VALUE' }, 'nothing of it is base64');
  t.doesNotThrow(server({ secret: '!?', dialect: 'seed' }));
  t.throws(server({ locate: 7 }), { code: 'INVALID_VALUE' });
  t.throws(client({ dialect: 'both' }), { code: 'INVALID_VALUE' });
  t.throws(client({ role: 'controller' }), { code: 'INVALID_VALUE' });
  t.throws(client({ id: undefined }), { code: 'INVALID_VALUE' });
  t.throws(client({ id: 1.5 }), { code: 'INVALID_VALUE' });
  t.throws(client({ token: 7 }), { code: 'INVALID_VALUE' });
  t.throws(client({ pause: { jitter: 2 } }), { code: 'OUT_OF_RANGE' });
  t.throws(client({ pause: { factor: 0 } }), { code: 'OUT_OF_RANGE' });
  t.doesNotThrow(client({ definitions: [add] }));
});
