// Which ends of a link are for good: another attempt would end in the same way, or would throw out who replaced us.
//
// A certificate that is not trusted, or is for another name, stays so however often it is looked at: somebody has to mend
// the one or the other side. One that has expired (or is not valid yet) is renewed sooner or later, so attempts go on.

import type { PeerError } from '../../../base/errors.ts';
import { PeerError as Peer } from '../../../base/errors.ts';
import { closes } from '../wire.ts';

/** As OpenSSL and node call what is wrong with a certificate (or its chain) for good. */
const untrusted: ReadonlySet<unknown> = new Set([
  ...['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT'],
  ...['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CERT_SIGNATURE_FAILURE'],
  ...['CERT_CHAIN_TOO_LONG', 'CERT_REVOKED', 'CERT_UNTRUSTED', 'CERT_REJECTED', 'INVALID_CA', 'INVALID_PURPOSE'],
  ...['PATH_LENGTH_EXCEEDED', 'HOSTNAME_MISMATCH', 'ERR_TLS_CERT_ALTNAME_INVALID'],
]);

/** The error to stop with after an attempt that found a certificate which is wrong for good; undefined otherwise. */
export function untrustedError(error: Error): PeerError | undefined {
  let cause: unknown = error;
  while (cause instanceof Error && !('code' in cause && untrusted.has(cause.code))) cause = cause.cause;
  if (!(cause instanceof Error)) return undefined;
  return new Peer('NOT_AUTHENTICATED', `its certificate is not accepted: ${error.message}`, undefined, {
    cause: error,
  });
}

/** The error to stop with; undefined where it is worth to try again. `code` is undefined for a seed's close message. */
export function fatalError(
  code: number | undefined,
  reason: string,
  when: 'handshake' | 'later',
): PeerError | undefined {
  const means = (close: { code: number; reason: string }): boolean =>
    code === undefined ? reason === close.reason : code === close.code;
  if (means(closes.notAuthenticated)) return new Peer('NOT_AUTHENTICATED', reason);
  if (means(closes.replaced)) {
    return new Peer(reason === closes.replaced.reason ? 'REPLACED' : 'PROTOCOL_ERROR', reason);
  }
  if (when === 'handshake' && means(closes.invalidHandshake)) return new Peer('PROTOCOL_ERROR', reason);
  return undefined;
}
