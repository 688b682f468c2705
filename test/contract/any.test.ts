import { anyStream, tcp, websocket } from '../../lib/index.ts';
import { megabyte } from './ear.ts';
import { anyPort, pairing, quiet, wide } from './pairing.ts';
import { transportContract } from './transport.ts';

transportContract('any, lines', { transport: pairing(anyStream(quiet), tcp(), 'tcp'), address: anyPort });
transportContract('any, WebSocket', {
  transport: pairing(anyStream(wide), websocket({ longest: 64 * megabyte }), 'ws'),
  address: anyPort,
});
