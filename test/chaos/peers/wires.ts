// All wires by name; a peer's own module is only loaded when the wire is used.

import { mqtt } from './mqtt.ts';
import { nats } from './nats.ts';
import { ours } from './ours.ts';
import { socketIo } from './socket-io.ts';
import type { Wire } from './wire.ts';
import { ws } from './ws.ts';
import { zeromq } from './zeromq.ts';

export type WireName = 'ours' | 'nats core' | 'socket.io' | 'mqtt qos 1' | 'zeromq' | 'ws';

export const wires: { readonly [name in WireName]: Wire } = {
  ours,
  'nats core': nats,
  'socket.io': socketIo,
  'mqtt qos 1': mqtt,
  zeromq,
  ws,
};

export function wireOf(name: string): Wire {
  if (!Object.hasOwn(wires, name)) throw new Error(`there is no wire ${name}`);
  return wires[name as WireName];
}
