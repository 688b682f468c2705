// Tokens: JSON Web Tokens signed with HS256, through jose. It is an optional package: it is loaded where a secret is set.
//
// The key is the secret itself in the seed dialect, and what it says in base64 in the session dialect. The seed takes any
// valid token; in the session dialect the token says whose it is.

import { reasonOf } from '../../../base/errors.ts';
import { optional } from '../../../base/optional.ts';
import type { Dialect } from '../wire.ts';

type Jose = typeof import('jose');

interface Claimant {
  readonly dialect: Dialect;
  readonly role: 'node' | 'control';
  /** Of a node. */
  readonly id: number | undefined;
}

/** Resolves with what is wrong with the token; undefined where nothing is. `wall` is the time, in ms since 1970. */
export type Authenticate = (token: string, claimant: Claimant, wall: number) => Promise<string | undefined>;

/** @throws UsageError MISSING_PACKAGE */
export async function loadAuthentication(secret: string): Promise<Authenticate> {
  const jose = await loadJose();
  return async (token, claimant, wall) => {
    const options = { algorithms: ['HS256'], currentDate: new Date(wall) };
    try {
      const { payload } = await jose.jwtVerify(token, keyOf(secret, claimant.dialect), options);
      return claimant.dialect === 'seed' ? undefined : wrongClaim(payload, claimant);
    } catch (error) {
      return details[codeOf(error)] ?? reasonOf(error);
    }
  };
}

export interface TokenOptions extends Omit<Claimant, 'id'> {
  readonly id?: number | undefined;
  /** The name of a control's user. @default 'control' */
  readonly user?: string | undefined;
  /** How long it is valid, in seconds. @default 31_536_000, a year */
  readonly valid?: number | undefined;
}

/** A token that `linkServer` with the same secret accepts. @throws UsageError MISSING_PACKAGE */
export async function linkToken(secret: string, options: TokenOptions): Promise<string> {
  const { SignJWT } = await loadJose();
  const { role, id, user = 'control', valid = 31_536_000 } = options;
  const claims = role === 'node' ? { aud: 'slave', slave: id } : { aud: 'user', user };
  const now = Math.floor(Date.now() / 1_000);
  const token = new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setIssuedAt(now);
  return token.setExpirationTime(now + valid).sign(keyOf(secret, options.dialect));
}

/** In the words of the systems that speak this protocol. */
const details: { readonly [code: string]: string } = {
  ERR_JWS_INVALID: 'jwt malformed',
  ERR_JWT_INVALID: 'jwt malformed',
  ERR_JWT_EXPIRED: 'jwt expired',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'invalid signature',
  ERR_JOSE_ALG_NOT_ALLOWED: 'invalid algorithm',
};

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function wrongClaim(payload: { aud?: unknown; slave?: unknown }, { role, id }: Claimant): string | undefined {
  const audience = role === 'node' ? 'slave' : 'user';
  const given = Array.isArray(payload.aud) ? payload.aud : [payload.aud];
  if (!given.includes(audience)) return `jwt audience invalid. expected: ${audience}`;
  if (role === 'node' && payload.slave !== id) return 'missmatched slave id';
  return undefined;
}

function keyOf(secret: string, dialect: Dialect): Uint8Array {
  return Buffer.from(secret, dialect === 'seed' ? 'utf8' : 'base64');
}

function loadJose(): Promise<Jose> {
  return optional('tokens of links are checked with jose', 'jose@6', () => import('jose'));
}
