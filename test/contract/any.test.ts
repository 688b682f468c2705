import type { Address, Transport } from '../../lib/index.ts';
import { anyStream, parseAddress, tcp, tls, websocket } from '../../lib/index.ts';
import { authority, serverIdentity } from '../support/certificate.ts';
import { megabyte } from './ear.ts';
import { transportContract } from './transport.ts';

const anyPort = (): Address => parseAddress('any://127.0.0.1:0');
/** The contract sends 24 MiB at once, which is one message of a WebSocket; and its streams are silent at first. */
const options = { webSocket: { longest: 64 * megabyte }, undecided: { quiet: 1 } };
const security = { ...serverIdentity, ca: authority };

/** Listens with the one, and dials with the other. */
function pairing(listens: Transport, dials: Transport, scheme: string): Transport {
  return {
    listen: (address, events) => listens.listen(address, events),
    dial: (address, signal) => dials.dial({ ...address, scheme, path: scheme.startsWith('ws') ? '/' : '' }, signal),
  };
}

transportContract('any, lines', { transport: pairing(anyStream(options), tcp(), 'tcp'), address: anyPort });
transportContract('any, WebSocket', {
  transport: pairing(anyStream(options), websocket({ longest: 64 * megabyte }), 'ws'),
  address: anyPort,
});
transportContract('any over tls, lines', {
  transport: pairing(anyStream({ ...options, tls: security }), tls(security), 'tls'),
  address: anyPort,
});
transportContract('any over tls, WebSocket', {
  transport: pairing(
    anyStream({ ...options, tls: security }),
    websocket({ longest: 64 * megabyte, tls: { ca: authority } }),
    'wss',
  ),
  address: anyPort,
});
