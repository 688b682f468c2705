// Certificates, keys and authorities: given as they are, or as files that are read again when they change.

import { readFile } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { createSecureContext } from 'node:tls';
import { NetworkError, reasonOf, UsageError } from '../../base/errors.ts';
import { refuseUnknown } from '../../base/options.ts';

export type Pem = string | Buffer;

/** Paths of files in PEM form. */
export interface TlsFiles {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly ca?: string | undefined;
}

export interface TlsOptions {
  /** Our certificate, with those between it and its authority. To listen it is needed; to dial only where it is asked for. */
  readonly cert?: Pem | undefined;
  /** The key of our certificate. */
  readonly key?: Pem | undefined;
  /** Authorities that the other side's certificate may be of; a self-signed one is its own. @default those of node */
  readonly ca?: Pem | readonly Pem[] | undefined;
  /** Files in the place of the three above: read at each dial; where one listens, again when they change. */
  readonly files?: TlsFiles | undefined;
  /**
   * Whether a client shows a certificate: it is not asked, it may, or it must. One that is shown counts where `ca`
   * confirms it; otherwise who may is as who has none, and who must is refused. @default 'anonymous'
   */
  readonly clients?: 'anonymous' | 'asked' | 'required' | undefined;
  /** The name that the certificate of whom we dial must have. @default the host of the address */
  readonly name?: string | undefined;
  /** Oldest version that is spoken. @default 'TLSv1.2' */
  readonly least?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** Resolves host names at each dial. @default the system's resolver */
  readonly lookup?: LookupFunction | undefined;
}

const known: { [K in keyof Required<TlsOptions>]: 0 } = {
  cert: 0,
  key: 0,
  ca: 0,
  files: 0,
  clients: 0,
  name: 0,
  least: 0,
  lookup: 0,
};

/** @throws UsageError UNKNOWN_OPTION, INVALID_VALUE */
export function checkTls(options: TlsOptions): TlsOptions {
  refuseUnknown('tls', known, options);
  refuseUnknown('files', { cert: 0, key: 0, ca: 0 }, options.files ?? {});
  const { clients = 'anonymous', least = 'TLSv1.2', files } = options;
  if (!['anonymous', 'asked', 'required'].includes(clients)) {
    throw new UsageError('INVALID_VALUE', `clients are anonymous, asked or required, not ${clients}`);
  }
  if (least !== 'TLSv1.2' && least !== 'TLSv1.3') {
    throw new UsageError('INVALID_VALUE', `the least version is TLSv1.2 or TLSv1.3, not ${String(least)}`);
  }
  const twice = (['cert', 'key', 'ca'] as const).find(
    name => options[name] !== undefined && files?.[name] !== undefined,
  );
  if (twice !== undefined) throw new UsageError('INVALID_VALUE', `${twice} is given twice, once as a file`);
  return options;
}

/** @throws UsageError INVALID_VALUE without a certificate and its key */
export function checkListens(options: TlsOptions): void {
  const { files = {}, cert = files.cert, key = files.key } = options;
  if (cert !== undefined && key !== undefined) return;
  throw new UsageError('INVALID_VALUE', 'to listen with tls give it cert and key, or files: { cert, key }');
}

/** What node makes a context of; read now. @throws NetworkError CLOSED with the words of what is wrong */
export async function materialOf({ cert, key, ca, files = {}, least }: TlsOptions): Promise<SecureContextOptions> {
  const [fileCert, fileKey, fileCa] = await Promise.all([files.cert, files.key, files.ca].map(read));
  const material = {
    ...found('cert', cert ?? fileCert),
    ...found('key', key ?? fileKey),
    ...found('ca', isList(ca) ? [...ca] : (ca ?? fileCa)),
    minVersion: least ?? 'TLSv1.2',
  };
  try {
    createSecureContext(material);
  } catch (error) {
    const words = `the certificate and its key cannot be used: ${reasonOf(error)}`;
    throw new NetworkError('CLOSED', words, { cause: error });
  }
  return material;
}

function isList(ca: TlsOptions['ca']): ca is readonly Pem[] {
  return Array.isArray(ca);
}

function found(name: string, value: Pem | Pem[] | undefined): object {
  return value === undefined ? {} : { [name]: value };
}

async function read(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (error) {
    const reasons: Record<string, string> = {
      ENOENT: 'there is no such file',
      EISDIR: 'it is a folder',
      EACCES: 'permission denied',
    };
    const reason = reasons[(error as NodeJS.ErrnoException).code ?? ''] ?? reasonOf(error);
    throw new NetworkError('CLOSED', `cannot read ${path}: ${reason}`, { cause: error });
  }
}
