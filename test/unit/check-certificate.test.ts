// What check-certificate finds at which time; certificates and times are given.

import { X509Certificate } from 'node:crypto';
import t from 'tap';
import type { Wanted } from '../../tools/check-certificate/findings.ts';
import { daysLeft, findingsOf } from '../../tools/check-certificate/findings.ts';
import { authority, cert, expiredIdentity, serverIdentity } from '../support/certificate.ts';

const [ca, server, lone, expired] = [authority, serverIdentity.cert, cert, expiredIdentity.cert].map(
  pem => new X509Certificate(pem),
) as [X509Certificate, X509Certificate, X509Certificate, X509Certificate];
const noon = Date.parse('2030-01-01T12:00:00Z');

function codes(
  chain: readonly X509Certificate[],
  wanted: Partial<Wanted> = {},
  now = noon,
  said = 'unchecked',
): string[] {
  const code = said === 'content' ? undefined : said;
  const all: Wanted = { name: 'localhost', limit: 14, authorities: () => [ca], ...wanted };
  return findingsOf({ chain, code, protocol: undefined }, all, now).map(({ code }) => code);
}

t.test('what is fine has no findings', async t => {
  t.same(codes([server]), []);
  t.same(codes([server, ca], { name: '127.0.0.1' }), []);
  t.same(codes([server], { name: undefined }), []);
  t.same(codes([lone], { authorities: () => [lone] }), [], 'self-signed, and trusted');
  t.same(codes([server], { authorities: () => [] }, noon, 'content'), [], 'the library was content');
});

t.test('the days are counted, and the limit is theirs', async t => {
  const end = Date.parse('2126-01-01T00:00:00Z');
  const day = 86_400_000;
  t.equal(daysLeft(server, end - 3.5 * day), 3.5);
  t.same(codes([server], {}, end - 14 * day), []);
  const late = findingsOf(
    { chain: [server], code: undefined, protocol: undefined },
    { name: undefined, limit: 14, authorities: () => [] },
    end - 13.5 * day,
  );
  t.same(late, [{ code: 'limit', text: 'expires on 2126-01-01T00:00:00Z, in 13 days; the limit is 14 days' }]);
  t.same(codes([server], { limit: 0 }, end - 1), []);
  t.same(codes([server], {}, end + 1), ['expired']);
  t.equal(daysLeft(server, end + day), -1);
});

t.test('one that is not valid yet is told, and so is its issuer', async t => {
  t.same(codes([server], {}, Date.parse('2025-12-31T23:59:59Z')), ['not-yet-valid']);
  t.same(codes([server, ca], {}, Date.parse('2026-06-01T00:00:00Z')), ['issuer-not-yet-valid']);
  t.same(codes([server, ca], { limit: 36_500 }, noon), ['limit', 'issuer-limit']);
});

t.test('each thing is found beside the others', async t => {
  t.same(codes([expired], { name: 'elsewhere.example', authorities: () => [] }), [
    'expired',
    'wrong-name',
    'untrusted',
  ]);
  t.same(codes([lone], { name: 'x', authorities: () => [] }, Date.parse('2000-01-01')), [
    'not-yet-valid',
    'wrong-name',
    'self-signed',
  ]);
  t.same(codes([], {}), ['no-certificate']);
});

t.test('trust needs an issuer that is one, up to one that is known', async t => {
  t.same(codes([server], { authorities: () => [lone] }), ['untrusted'], 'another authority');
  t.same(codes([server, ca], { authorities: () => [lone] }), ['untrusted'], 'its authority came along, unknown');
  t.same(codes([lone], {}, noon, 'DEPTH_ZERO_SELF_SIGNED_CERT'), ['self-signed']);
  t.same(codes([server], {}, noon, 'CERT_HAS_EXPIRED'), [], 'the time is told by its own');
  t.same(codes([server], {}, noon, 'INVALID_PURPOSE'), ['untrusted']);
});
