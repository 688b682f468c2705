// What the certificate of the other side says, where an authority confirmed it.

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Certificate } from '../transport.ts';

/** Undefined without tls, without a certificate, and for one that nobody confirmed. */
export function certificateOf(socket: Socket): Certificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { subject, subjectaltname = '', fingerprint256 } = socket.getPeerCertificate();
  // A session that is resumed may have none.
  if (fingerprint256 === undefined) return undefined;
  const common: unknown = subject?.CN;
  return {
    subject: Array.isArray(common) ? String(common[0]) : String(common ?? ''),
    names: namesOf(subjectaltname),
    fingerprint: fingerprint256,
  };
}

/** `DNS:a.example, IP Address:127.0.0.1`; a name that has a comma in it stands in quotes, and is none to compare with. */
function namesOf(text: string): string[] {
  return text
    .split(', ')
    .map(entry => /^(?:DNS|IP Address|URI|email):([^"]*)$/.exec(entry)?.[1] ?? '')
    .filter(name => name !== '');
}
