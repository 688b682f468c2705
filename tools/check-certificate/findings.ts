// What is wrong with a certificate, each thing by itself.

import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { unconfirmedReason } from '../../lib/transport/tls/reasons.ts';
import type { Seen } from './seen.ts';

export interface Finding {
  /** A word for programs. */
  readonly code: string;
  /** A line for people. */
  readonly text: string;
}

export interface Wanted {
  /** The name that it must have; any, where none is given. */
  readonly name: string | undefined;
  /** Least days left. */
  readonly limit: number;
  /** Who is trusted; asked for where it matters. */
  readonly authorities: () => readonly X509Certificate[];
}

const day = 86_400_000;
/** No honest chain is longer. */
const longestChain = 10;
/** The library tells of one thing; where it is the time, the chain may be wrong besides. */
const timeCodes: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'unchecked']);
const selfSigned: Finding = { code: 'self-signed', text: 'it is self-signed, and not trusted here' };

/** Days until it ends; negative for one that has ended. */
export function daysLeft(certificate: X509Certificate, now: number): number {
  return (Date.parse(certificate.validTo) - now) / day;
}

export function findingsOf(seen: Seen, wanted: Wanted, now: number): Finding[] {
  const [certificate] = seen.chain;
  if (certificate === undefined) return [{ code: 'no-certificate', text: 'it showed no certificate' }];
  return [
    ...ofTime(certificate, wanted.limit, now, ''),
    ...ofName(certificate, wanted.name),
    ...ofTrust(seen, wanted),
    ...seen.chain.slice(1).flatMap(issuer => ofTime(issuer, wanted.limit, now, `its issuer ${nameOf(issuer)} `)),
  ];
}

function ofTime(certificate: X509Certificate, limit: number, now: number, whose: string): Finding[] {
  const prefix = whose === '' ? '' : 'issuer-';
  const left = daysLeft(certificate, now);
  const end = isoOf(certificate.validTo);
  const begin = Date.parse(certificate.validFrom);
  if (begin > now) {
    return [{ code: `${prefix}not-yet-valid`, text: `${whose}is valid from ${isoOf(certificate.validFrom)} only` }];
  }
  if (left < 0) return [{ code: `${prefix}expired`, text: `${whose}expired on ${end}, ${shownDays(-left)} ago` }];
  if (left >= limit) return [];
  const text = `${whose}expires on ${end}, in ${shownDays(left)}; the limit is ${shownDays(limit)}`;
  return [{ code: `${prefix}limit`, text }];
}

function ofName(certificate: X509Certificate, name: string | undefined): Finding[] {
  if (name === undefined) return [];
  const fits = isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name);
  if (fits !== undefined) return [];
  const names = certificate.subjectAltName ?? nameOf(certificate);
  return [{ code: 'wrong-name', text: `it is not for ${name}, but for ${names}` }];
}

function ofTrust({ chain, code }: Seen, { authorities }: Wanted): Finding[] {
  if (code === undefined) return [];
  if (timeCodes.has(code)) return walked(chain, authorities());
  if (code === 'DEPTH_ZERO_SELF_SIGNED_CERT') return [selfSigned];
  return [{ code: 'untrusted', text: unconfirmedReason(code) }];
}

/** From issuer to issuer, up to one that is trusted. */
function walked(chain: readonly X509Certificate[], trusted: readonly X509Certificate[]): Finding[] {
  let [present] = chain;
  for (let step = 0; present !== undefined && step < longestChain; step += 1) {
    const subject: X509Certificate = present;
    if (trusted.some(({ fingerprint256 }) => fingerprint256 === subject.fingerprint256)) return [];
    if (issued(subject, subject)) {
      return step === 0 ? [selfSigned] : [untrusted(subject)];
    }
    present = [...chain, ...trusted].find(other => issued(other, subject));
    if (present === undefined) return [untrusted(subject)];
  }
  return [{ code: 'untrusted', text: 'it has no end of issuers' }];
}

function issued(issuer: X509Certificate, subject: X509Certificate): boolean {
  return subject.checkIssued(issuer) && issuer.ca && subject.verify(issuer.publicKey);
}

function untrusted(subject: X509Certificate): Finding {
  return { code: 'untrusted', text: `its authority is not trusted here: ${subject.issuer.replaceAll('\n', ', ')}` };
}

/** The common name, or all of the subject. */
function nameOf({ subject }: X509Certificate): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? subject.replaceAll('\n', ', ');
}

/** `2126-10-28T13:59:35Z` */
export function isoOf(text: string): string {
  return new Date(text).toISOString().replace('.000Z', 'Z');
}

function shownDays(days: number): string {
  const whole = days >= 10 ? Math.floor(days) : Math.floor(days * 10) / 10;
  return `${whole} ${whole === 1 ? 'day' : 'days'}`;
}
