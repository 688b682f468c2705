// Where certificates come from: a server, or a file.

import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import nodeTls, { rootCertificates } from 'node:tls';
import { formatHostPort, parseHostPort } from '../../lib/base/address.ts';
import { reasonOf, UsageError } from '../../lib/base/errors.ts';
import { tlsReason } from '../../lib/transport/tls/reasons.ts';
import { pemOf } from '../tls-options.ts';

/** A certificate, and how it came here. */
export interface Seen {
  /** The certificate first, then those that came with it. */
  readonly chain: readonly X509Certificate[];
  /** What the library said of the chain; undefined where it was content, `unchecked` where it was not asked. */
  readonly code: string | undefined;
  /** `TLSv1.3`; undefined for a file. */
  readonly protocol: string | undefined;
}

/** There is no certificate to look at. */
export class Unseen extends Error {
  readonly code: string;

  constructor(code: string, words: string, cause?: unknown) {
    super(words, { cause });
    this.code = code;
  }
}

export interface Server {
  readonly host: string;
  readonly port: number;
  /** Asked for, where it is a name; the certificate must have it. */
  readonly name: string;
}

const httpsPort = 443;
const failures: { readonly [code: string]: readonly [code: string, words: string] } = {
  ECONNREFUSED: ['refused', 'nobody listens there (connection refused)'],
  ENOTFOUND: ['unknown-host', 'the host is not known'],
  EAI_AGAIN: ['unknown-host', 'the host cannot be looked up now'],
  EHOSTUNREACH: ['unreachable', 'there is no way to the host'],
  ENETUNREACH: ['unreachable', 'there is no way to its network'],
  ETIMEDOUT: ['timeout', 'the host does not answer'],
  ECONNRESET: ['no-tls', 'it closed the connection during the handshake: does it speak tls?'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['no-tls', 'it does not speak tls'],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: ['no-tls', 'it does not speak tls'],
  EPROTO: ['no-tls', 'it does not speak tls'],
};

/** `host`, `host:port`, `[ipv6]:port`, or `https://host/…`. @throws UsageError INVALID_ADDRESS */
export function serverOf(text: string, name: string | undefined): Server {
  const place = text.replace(/^(?:https|tls|wss):\/\//, '').replace(/\/.*$/s, '');
  const bare = isIP(place) === 0 ? `${place}:${httpsPort}` : formatHostPort(place, httpsPort);
  const found = parseHostPort(place) ?? parseHostPort(bare);
  if (found === undefined || found.port === 0) {
    throw new UsageError('INVALID_ADDRESS', `"${text}" is no place: write host or host:port`);
  }
  return { ...found, name: name ?? found.host };
}

/** Shakes hands and leaves. @throws Unseen */
export async function seenAt(server: Server, ca: string | undefined, timeout: number): Promise<Seen> {
  const { host, port, name } = server;
  const socket = nodeTls.connect({
    host,
    port,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(ca === undefined ? {} : { ca }),
    minVersion: 'TLSv1.2',
    // Findings are told one by one, and the name is one of them.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  try {
    await shaken(socket, timeout);
    const code: unknown = socket.authorizationError;
    const chain = chainOf(socket.getPeerCertificate(true));
    return { chain, code: typeof code === 'string' ? code : undefined, protocol: socket.getProtocol() ?? undefined };
  } finally {
    socket.destroy();
  }
}

function shaken(socket: TLSSocket, timeout: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = new Unseen('timeout', `no handshake within ${timeout} ms: it does not answer, or speaks no tls`);
    const timer = setTimeout(() => reject(late), timeout);
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.on('error', error => {
      clearTimeout(timer);
      reject(unseen(error));
    });
  });
}

function unseen(error: NodeJS.ErrnoException): Unseen {
  const [code, words] = failures[error.code ?? ''] ?? ['tls-failed', tlsReason(error)];
  return new Unseen(code, words, error);
}

function chainOf(first: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let present: DetailedPeerCertificate | undefined = first;
  const met = new Set<string>();
  // The last one is its own issuer.
  while (present?.raw !== undefined && !met.has(present.fingerprint256)) {
    met.add(present.fingerprint256);
    chain.push(new X509Certificate(present.raw));
    present = present.issuerCertificate;
  }
  return chain;
}

/** @throws UsageError where there is nothing to read, Unseen for what is damaged */
export function seenIn(path: string): Seen {
  return { chain: certificatesOf('file', path), code: 'unchecked', protocol: undefined };
}

/** The authorities that count. @throws UsageError, Unseen */
export function authorities(path: string | undefined): readonly X509Certificate[] {
  if (path !== undefined) return certificatesOf('ca', path);
  return rootCertificates.map(pem => new X509Certificate(pem));
}

function certificatesOf(option: string, path: string): X509Certificate[] {
  const pem = pemOf(option, path) ?? '';
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];
  if (blocks.length === 0) throw new UsageError('INVALID_VALUE', `--${option} ${path}: it holds no certificate`);
  try {
    return blocks.map(block => new X509Certificate(block));
  } catch (error) {
    throw new Unseen('damaged', `${path}: its certificate is damaged (${reasonOf(error)})`, error);
  }
}
