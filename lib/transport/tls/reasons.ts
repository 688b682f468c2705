// Why a connection with tls was refused, in words.

import { systemReason } from '../reasons.ts';

const untrusted = 'its certificate is of an authority that is not trusted here';
const selfSigned = 'its certificate is self-signed, and is not trusted here';
const noTls = 'it does not speak tls';
const tooOld = 'it speaks no version of tls that is allowed here';
const notAccepted = 'it does not accept our certificate';
const wantsOurs = 'it wants a certificate of ours, and got none';

const words: { readonly [code: string]: string } = {
  DEPTH_ZERO_SELF_SIGNED_CERT: selfSigned,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  INVALID_PURPOSE: 'its certificate is for another purpose',
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
  ERR_SSL_HTTP_REQUEST: 'it speaks http without tls',
  ERR_SSL_UNSUPPORTED_PROTOCOL: tooOld,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'it allows no version of tls that we speak',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'its handshake took too long, or it does not speak tls',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'it showed no certificate',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: wantsOurs,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'it refused the handshake: no certificate of ours, or no cipher in common',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: notAccepted,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: notAccepted,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: notAccepted,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: notAccepted,
};

/** The words for an error of a handshake, or of what follows. */
export function tlsReason(error: Error): string {
  const { code = '', reason } = error as Error & { code?: string; reason?: string };
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `its certificate is for other names: ${reason ?? ''}`;
  return words[code] ?? systemReason(error);
}

/** The words for a certificate that was not confirmed, by the code that node has for it. */
export function unconfirmedReason(code: string): string {
  return words[code] ?? `its certificate was not confirmed: ${code}`;
}
