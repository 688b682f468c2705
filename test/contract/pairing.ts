// A port for all in the contract: what listens is one transport, what dials another.

import type { Address, Transport } from '../../lib/index.ts';
import { parseAddress } from '../../lib/index.ts';
import { authority, serverIdentity } from '../support/certificate.ts';
import { megabyte } from './ear.ts';

export const anyPort = (): Address => parseAddress('any://127.0.0.1:0');
/** The contract sends 24 MiB at once, which is one message of a WebSocket. Its streams are silent at first. */
export const wide = { webSocket: { longest: 64 * megabyte } } as const;
export const quiet = { undecided: { quiet: 1 } } as const;
export const security = { ...serverIdentity, ca: authority } as const;

/** Listens with the one, and dials with the other. */
export function pairing(listens: Transport, dials: Transport, scheme: string): Transport {
  return {
    listen: (address, events) => listens.listen(address, events),
    dial: (address, signal) => dials.dial({ ...address, scheme, path: scheme.startsWith('ws') ? '/' : '' }, signal),
  };
}
