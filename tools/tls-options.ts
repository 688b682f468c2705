// What programs need to know for addresses with tls: and wss:, the same in each. Transports are loaded when used.

import type { Address } from '../lib/base/address.ts';
import { UsageError } from '../lib/base/errors.ts';
import type { TlsOptions } from '../lib/transport/tls/index.ts';
import type { StreamTransports } from '../lib/transport/transports.ts';
import { textOfFile } from './command-line.ts';

export const tlsOptions = {
  ca: { type: 'string', describe: 'File with the authorities to trust, PEM (tls, wss)' },
  cert: { type: 'string', describe: 'File with our certificate, PEM (tls, wss)' },
  key: { type: 'string', describe: 'File with the key of our certificate, PEM (tls, wss)' },
  'tls-name': { type: 'string', describe: 'Name in the certificate of the other side, if it is not the host' },
} as const;

export type TlsGiven = { readonly [K in keyof typeof tlsOptions]?: string | undefined };

/** The transport of an address, where these options make it another than the usual one. @throws UsageError */
export async function transportsOf({ scheme }: Address, given: TlsGiven): Promise<StreamTransports> {
  const tls = settingsOf(given);
  const first = Object.keys(tlsOptions).find(option => given[option as keyof TlsGiven] !== undefined);
  if (first === undefined) return {};
  if (scheme === 'tls') return { tls: (await import('../lib/transport/tls/index.ts')).tls(tls) };
  if (scheme === 'wss') return { wss: (await import('../lib/transport/websocket/index.ts')).websocket({ tls }) };
  throw new UsageError('INVALID_VALUE', `--${first} is for tls: and wss:, not for ${scheme}:`);
}

function settingsOf({ ca, cert, key, 'tls-name': name }: TlsGiven): TlsOptions {
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError('INVALID_VALUE', '--cert and --key go together: give both or none');
  }
  return { ca: pemOf('ca', ca), cert: pemOf('cert', cert), key: pemOf('key', key), name };
}

/** @throws UsageError for what cannot be read, or is no PEM */
export function pemOf(option: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const text = textOfFile(option, path);
  if (text.includes('-----BEGIN ')) return text;
  throw new UsageError('INVALID_VALUE', `--${option} ${path}: it holds no PEM (-----BEGIN …)`);
}
