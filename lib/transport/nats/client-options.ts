// What the official client is told of a dial. Its types stay in here: who does not use NATS need not have them.

import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from '@nats-io/transport-node';
import type { Address } from '../../base/address.ts';
import { NetworkError, reasonOf } from '../../base/errors.ts';
import type { TlsOptions } from '../tls/index.ts';
import { materialOf } from '../tls/options.ts';
import type { Library } from './library.ts';
import type { NatsDial, NatsLogin } from './options.ts';

/** @throws NetworkError DIAL_FAILED */
export async function clientOptions(
  address: Address,
  { name, login, tls, ask }: NatsDial,
  library: Library,
): Promise<ConnectionOptions> {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  const secure = tls ?? (address.scheme === 'tls' ? {} : undefined);
  return {
    servers: [`${host}:${address.port}`],
    name,
    pingInterval: ask,
    maxPingOut: 2,
    // The way back is ours: what it has not sent, this client throws away at each of its own reconnects.
    reconnect: false,
    maxReconnectAttempts: 0,
    ...(secure === undefined ? {} : { tls: await tlsOf(secure) }),
    ...(login === undefined ? {} : await loginOf(login, library)),
  };
}

async function tlsOf(options: TlsOptions): Promise<object> {
  const material = await materialOf(options);
  return options.name === undefined ? material : { ...material, servername: options.name };
}

async function loginOf(login: NatsLogin, library: Library): Promise<Partial<ConnectionOptions>> {
  const { user, password, passwordFile, token, tokenFile, seed, credentials, credentialsFile } = login;
  if (token !== undefined) return { token };
  if (tokenFile !== undefined) return { token: await secretIn('token', tokenFile) };
  if (seed !== undefined) return { authenticator: library.seed(seed) };
  if (user !== undefined) {
    const pass = passwordFile === undefined ? password : await secretIn('password', passwordFile);
    return pass === undefined ? { user } : { user, pass };
  }
  return { authenticator: library.credentials(credentials ?? (await textOf('credentials', credentialsFile ?? ''))) };
}

/** @throws NetworkError DIAL_FAILED also where there is none */
async function secretIn(what: string, path: string): Promise<string> {
  const secret = (await textOf(what, path)).trim();
  if (secret !== '') return secret;
  throw new NetworkError('DIAL_FAILED', `there is no ${what} in ${path}: it is empty`);
}

async function textOf(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new NetworkError('DIAL_FAILED', `cannot read the ${what} in ${path}: ${reasonOf(error)}`, { cause: error });
  }
}
