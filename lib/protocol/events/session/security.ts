// Whether keys are used, and which. The folders are those of the Python original, so that both sides of a user find the same.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../../base/errors.ts';
import type { Given } from '../../../base/options.ts';
import { withDefaults } from '../../../base/options.ts';
import type { ClientKeys, Place, ServerKeys, ZeroMq } from '../../../transport/zeromq/index.ts';
import { formatPlace, isPrivate, keyPair, publicKey, publicKeysOf } from '../../../transport/zeromq/index.ts';

export interface CurveOptions {
  /** Where the keys lie, in `public_keys` and `private_keys`; made at the first use. @default that of LEAP for this user */
  readonly folder: string;
  /** The public keys of the clients that a server takes; read anew when it changes. @default `public_keys` of the folder */
  readonly allowed: string | undefined;
}

/** `true`: with the defaults. @default on where an address can be reached from other machines */
export type Curve = boolean | Given<CurveOptions>;

/** Where the Python original has them: `~/.config/leap/events/zmq_certificates`, or as the system has it. */
export function usualFolder(platform: string = process.platform, home: string = homedir()): string {
  const prefixes: { readonly [platform: string]: string } = {
    darwin: join(home, 'Library', 'Preferences'),
    win32: process.env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'),
  };
  return join(prefixes[platform] ?? join(home, '.config'), 'leap', 'events', 'zmq_certificates');
}

/**
 * What was asked for, or what the addresses call for.
 * @throws UsageError INVALID_VALUE for a public address without keys that is not said to be `insecure`, UNKNOWN_OPTION
 */
export function settledCurve(
  curve: Curve | undefined,
  insecure: boolean,
  places: readonly Place[],
): CurveOptions | undefined {
  const open = places.find(place => !isPrivate(place));
  if (curve === false && open !== undefined && !insecure) {
    const address = formatPlace(open);
    throw new UsageError('INVALID_VALUE', `${address} is open to others: it needs curve, or insecure: true`);
  }
  if (curve === false || (curve === undefined && (open === undefined || insecure))) return undefined;
  const defaults: CurveOptions = { folder: usualFolder(), allowed: undefined };
  return withDefaults('curve', defaults, typeof curve === 'object' ? curve : {});
}

/** @throws UsageError INVALID_VALUE */
export function serverKeys(zmq: ZeroMq, { folder }: CurveOptions): ServerKeys {
  return { role: 'server', own: keyPair(folder, 'server', maker(zmq)) };
}

/** @throws UsageError INVALID_VALUE where the key of the server is not there */
export function clientKeys(zmq: ZeroMq, { folder }: CurveOptions): ClientKeys {
  return { role: 'client', own: keyPair(folder, 'client', maker(zmq)), server: publicKey(folder, 'server') };
}

/** Where the keys of those lie who may come in. */
export function allowedFolder({ folder, allowed }: CurveOptions): string {
  return allowed ?? publicKeysOf(folder);
}

function maker(zmq: ZeroMq): ZeroMq['curveKeyPair'] {
  if (zmq.capability.curve === true) return zmq.curveKeyPair;
  throw new UsageError('INVALID_VALUE', `this ZeroMQ (${zmq.version}) was built without CURVE`);
}
