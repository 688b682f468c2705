#!/usr/bin/env node
// check-certificate: how long a certificate lasts, and what is wrong with it.

import { UsageError } from '../lib/base/errors.ts';
import { printable } from '../lib/logging/printable.ts';
import type { Finding } from './check-certificate/findings.ts';
import { daysLeft, findingsOf, isoOf } from './check-certificate/findings.ts';
import type { Seen } from './check-certificate/seen.ts';
import { authorities, seenAt, seenIn, serverOf, Unseen } from './check-certificate/seen.ts';
import { commandLine, exitCodes, milliseconds, runProgram } from './command-line.ts';
import { pemOf } from './tls-options.ts';

const program = {
  name: 'check-certificate',
  summary: 'Tell how long the certificate of a server lasts, and what is wrong with it.',
  bare: { name: 'place', describe: 'host or host:port (default port 443)' },
  options: {
    place: { type: 'string', describe: 'The same as the bare word' },
    file: { alias: 'f', type: 'string', describe: 'A file with the certificate (PEM), in the place of a server' },
    limit: { alias: 'l', type: 'string', default: '14d', describe: 'Least time left: 14, 14d, 2w or 36h' },
    ca: { type: 'string', describe: 'File with the authorities to trust (PEM), in the place of the usual ones' },
    servername: { alias: 'n', type: 'string', describe: 'Name to ask for and to find in the certificate' },
    info: { alias: 'i', type: 'boolean', default: false, describe: 'Print what the certificate says' },
    json: { alias: 'j', type: 'boolean', default: false, describe: 'One JSON object for all' },
    timeout: { type: 'string', default: '10', describe: 'Longest time for the handshake, in seconds (or 500ms)' },
  },
  examples: [
    ['$0 example.org', 'Days left; exit code 1 below 14'],
    ['$0 svc.example:4043 --ca ca.pem --limit 4w', 'A service of our own authority'],
    ['$0 --file server.pem --servername svc.example --info', 'A file, before it is put in place'],
  ],
  exits: [
    '0 all is fine, 1 the limit is passed, or the certificate is not valid or cannot be had',
    '(a line on the standard error for each reason), 2 wrong command line, or a file that cannot be read.',
  ],
} as const;

interface Verdict {
  readonly place: string;
  readonly seen: Seen | undefined;
  readonly findings: readonly Finding[];
}

async function main(): Promise<number> {
  const given = await commandLine(program, process.argv.slice(2));
  if (given === undefined) return exitCodes.done;
  const verdict = await judged(given);
  if (given.json) process.stdout.write(`${JSON.stringify(asJson(verdict))}\n`);
  else show(verdict, given.info);
  return verdict.findings.length === 0 ? exitCodes.done : exitCodes.failed;
}

interface Given {
  readonly place?: string | undefined;
  readonly file?: string | undefined;
  readonly limit: string;
  readonly ca?: string | undefined;
  readonly servername?: string | undefined;
  readonly timeout: string;
}

async function judged({ place, file, ca, servername, ...given }: Given): Promise<Verdict> {
  const limit = days(given.limit);
  if ((place === undefined) === (file === undefined)) {
    throw new UsageError('INVALID_VALUE', 'give a place or a --file, and one of them alone');
  }
  const server = place === undefined ? undefined : serverOf(place, servername);
  const name = server?.name ?? servername;
  const pem = pemOf('ca', ca);
  const timeout = milliseconds('timeout', given.timeout);
  const where = place ?? file ?? '';
  try {
    const seen = server === undefined ? seenIn(where) : await seenAt(server, pem, timeout);
    const wanted = { name, limit, authorities: () => authorities(ca) };
    return { place: where, seen, findings: findingsOf(seen, wanted, Date.now()) };
  } catch (error) {
    if (!(error instanceof Unseen)) throw error;
    return { place: where, seen: undefined, findings: [{ code: error.code, text: error.message }] };
  }
}

/** `14`, `14d`, `2w`, `36h`. @throws UsageError */
function days(text: string): number {
  const [, digits, unit = 'd'] = /^(\d+(?:\.\d+)?)([dwh])?$/.exec(text) ?? [];
  const units: Record<string, number> = { d: 1, w: 7, h: 1 / 24 };
  if (digits !== undefined) return Number(digits) * (units[unit] ?? 1);
  throw new UsageError('INVALID_VALUE', `--limit ${text} is no time: write days, as 14, or 14d, 2w or 36h`);
}

function show({ place, seen, findings }: Verdict, info: boolean): void {
  const [certificate] = seen?.chain ?? [];
  if (seen !== undefined && certificate !== undefined) {
    const left = Math.max(0, Math.floor(daysLeft(certificate, Date.now())));
    process.stdout.write(`${place}: ${left} days left, until ${isoOf(certificate.validTo)}\n`);
    if (info) for (const [field, value] of fieldsOf(place, seen)) process.stdout.write(`${field}: ${value}\n`);
  }
  for (const { text } of findings) process.stderr.write(`${program.name}: ${place}: ${printable(text)}\n`);
}

/** As the C++ tool names them, and some more. */
function fieldsOf(place: string, { chain: [certificate, ...issuers], protocol }: Seen): [string, string][] {
  if (certificate === undefined) return [];
  const parts = (whose: string, text: string): [string, string][] =>
    text.split('\n').map(part => {
      const equal = part.indexOf('=');
      return [`${whose}-${part.slice(0, equal)}`, part.slice(equal + 1)];
    });
  const fields: [string, string][] = [
    ['domain', place],
    ['not-before', isoOf(certificate.validFrom)],
    ['not-after', isoOf(certificate.validTo)],
    ...parts('issuer', certificate.issuer),
    ...parts('subject', certificate.subject),
    ['names', certificate.subjectAltName ?? ''],
    ['serial', certificate.serialNumber],
    ['fingerprint-sha256', certificate.fingerprint256],
    ['key', certificate.publicKey.asymmetricKeyType ?? ''],
    ...issuers.map(({ subject }): [string, string] => ['chain', subject.replaceAll('\n', ', ')]),
    ...(protocol === undefined ? [] : [['protocol', protocol] as [string, string]]),
  ];
  return fields.map(([field, value]) => [printable(field), printable(value)]);
}

function asJson({ place, seen, findings }: Verdict): object {
  const [certificate] = seen?.chain ?? [];
  if (seen === undefined || certificate === undefined) return { place, findings };
  const { subject, issuer, subjectAltName: names, serialNumber: serial, fingerprint256 } = certificate;
  return {
    place,
    daysLeft: Math.floor(daysLeft(certificate, Date.now()) * 100) / 100,
    notBefore: isoOf(certificate.validFrom),
    notAfter: isoOf(certificate.validTo),
    subject,
    issuer,
    names,
    serial,
    fingerprint256,
    protocol: seen.protocol,
    findings,
  };
}

await runProgram(program.name, main);
