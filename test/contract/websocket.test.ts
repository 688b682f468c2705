import type { Address } from '../../lib/index.ts';
import { parseAddress, websocket } from '../../lib/index.ts';
import { megabyte } from './ear.ts';
import { transportContract } from './transport.ts';

const anyPort = (): Address => parseAddress('ws://127.0.0.1:0/talk');

// The contract sends 24 MiB at once, which is one message here.
transportContract('websocket', { transport: websocket({ longest: 64 * megabyte }), address: anyPort });
transportContract('websocket, binary', {
  transport: websocket({ longest: 64 * megabyte, frames: 'binary' }),
  address: anyPort,
});
