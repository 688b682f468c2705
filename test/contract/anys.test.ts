import { anyStream, tls, websocket } from '../../lib/index.ts';
import { authority } from '../support/certificate.ts';
import { megabyte } from './ear.ts';
import { anyPort, pairing, quiet, security, wide } from './pairing.ts';
import { transportContract } from './transport.ts';

const lines = anyStream({ ...quiet, tls: security });
const frames = anyStream({ ...wide, tls: security });

transportContract('any over tls, lines', { transport: pairing(lines, tls(security), 'tls'), address: anyPort });
transportContract('any over tls, WebSocket', {
  transport: pairing(frames, websocket({ longest: 64 * megabyte, tls: { ca: authority } }), 'wss'),
  address: anyPort,
});
