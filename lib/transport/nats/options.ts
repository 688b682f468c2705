// Who we are for a NATS server, and how the way to it is secured; read anew at each dial.

import type { Address } from '../../base/address.ts';
import { parseAddress } from '../../base/address.ts';
import { UsageError } from '../../base/errors.ts';
import { refuseUnknown } from '../../base/options.ts';
import type { TlsOptions } from '../tls/index.ts';
import { checkTls } from '../tls/options.ts';

export interface NatsLogin {
  readonly user?: string | undefined;
  /** Of the user. */
  readonly password?: string | undefined;
  /** Path of a file with the user's password, without the blanks around it; read at each dial. */
  readonly passwordFile?: string | undefined;
  readonly token?: string | undefined;
  /** Path of a file with the token, as `passwordFile`. */
  readonly tokenFile?: string | undefined;
  /** The seed of an nkey. */
  readonly seed?: string | undefined;
  /** The text of a `.creds` file. */
  readonly credentials?: string | undefined;
  /** Path of a `.creds` file, read at each dial. */
  readonly credentialsFile?: string | undefined;
}

/** A login, or what gives one. */
export type LoginSource = NatsLogin | (() => NatsLogin | Promise<NatsLogin>);

/** How a server is dialled. */
export interface NatsDial {
  /** Our name for the server's lists. */
  readonly name: string;
  readonly login?: NatsLogin | undefined;
  /** Given, the way must be secure; without it, it is where the server wants it. */
  readonly tls?: TlsOptions | undefined;
  /** Silence in ms before the server is asked for a sign of life; two questions without an answer end the connection. */
  readonly ask: number;
}

const knownLogin: { [K in keyof Required<NatsLogin>]: 0 } = {
  user: 0,
  password: 0,
  passwordFile: 0,
  token: 0,
  tokenFile: 0,
  seed: 0,
  credentials: 0,
  credentialsFile: 0,
};

/** The port of NATS, where none is written. */
const usualPort = 4222;

/** `nats://host[:port]`, `tls://host[:port]`; without a scheme, nats. @throws UsageError INVALID_ADDRESS */
export function natsAddress(text: string): Address {
  const place = /^[a-z][a-z0-9+-]*:\/\//.test(text) ? text : `nats://${text}`;
  if (place.includes('@')) {
    throw new UsageError('INVALID_ADDRESS', 'an address of NATS holds no user and no password: give them as `login`');
  }
  const address = parseAddress(
    /(:\d+|\])\/?$/.test(place) ? place.replace(/\]\/?$/, `]:${usualPort}`) : withPort(place),
  );
  if (address.scheme === 'nats' || address.scheme === 'tls') return address;
  throw new UsageError('INVALID_ADDRESS', `"${text}" is no address of NATS: write nats://host:port or tls://host:port`);
}

function withPort(place: string): string {
  return `${place.replace(/\/$/, '')}:${usualPort}`;
}

/** @throws UsageError UNKNOWN_OPTION, INVALID_VALUE */
export function checkDial(login: LoginSource | undefined, tls: TlsOptions | undefined): void {
  if (tls !== undefined) checkTls(tls);
  if (typeof login === 'object') checkLogin(login);
}

/** The login of this moment. @throws UsageError UNKNOWN_OPTION, INVALID_VALUE, and what the function throws */
export async function loginNow(login: LoginSource | undefined): Promise<NatsLogin | undefined> {
  return typeof login === 'function' ? checkLogin(await login()) : login;
}

function checkLogin(login: NatsLogin): NatsLogin {
  refuseUnknown('login', knownLogin, login);
  const { user, password, passwordFile, token, tokenFile, seed, credentials, credentialsFile } = login;
  const ways = [user, token, tokenFile, seed, credentials, credentialsFile].filter(way => way !== undefined);
  const passwords = [password, passwordFile].filter(way => way !== undefined);
  if (ways.length !== 1 || passwords.length > (user === undefined ? 0 : 1)) {
    throw new UsageError(
      'INVALID_VALUE',
      'a login is one of: user with password or passwordFile, token, tokenFile, seed, credentials, credentialsFile',
    );
  }
  return login;
}
