// Keys of CURVE in files, in the text and the folders that pyzmq and the Python original have:
//
//   folder/public_keys/NAME.key            the public key
//   folder/private_keys/NAME.key_secret    both keys
//
// A secret is written in one step, so that two processes that begin at the same time agree on one pair. Files are for
// their owner alone (0600), in folders for him alone (0700); a secret that others can read is refused.

import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../base/errors.ts';
import { isKey } from './z85.ts';

export interface KeyPair {
  /** 40 characters of Z85. */
  readonly publicKey: string;
  readonly secretKey: string;
}

const publicFolder = 'public_keys';
const secretFolder = 'private_keys';

/** Where the public keys of a folder lie. */
export function publicKeysOf(folder: string): string {
  return join(folder, publicFolder);
}

/** The pair of that name; made by `make` where it is not there yet. @throws UsageError INVALID_VALUE */
export function keyPair(folder: string, name: string, make: () => KeyPair): KeyPair {
  for (const part of [folder, publicKeysOf(folder), join(folder, secretFolder)]) {
    mkdirSync(part, { recursive: true, mode: 0o700 });
  }
  const secret = join(folder, secretFolder, `${name}.key_secret`);
  if (!exists(secret)) publish(secret, certificate('Secret', make()));
  if ((statSync(secret).mode & 0o077) !== 0) {
    throw new UsageError('INVALID_VALUE', `others can read the secret key ${secret}: chmod 600 it`);
  }
  const { publicKey, secretKey } = readKeys(secret);
  if (secretKey === undefined) throw new UsageError('INVALID_VALUE', `there is no secret key in ${secret}`);
  const open = join(publicKeysOf(folder), `${name}.key`);
  if (!exists(open)) publish(open, certificate('Public', { publicKey }));
  return { publicKey, secretKey };
}

/** The public key of that name. @throws UsageError INVALID_VALUE where there is none */
export function publicKey(folder: string, name: string): string {
  const path = join(publicKeysOf(folder), `${name}.key`);
  if (exists(path)) return readKeys(path).publicKey;
  throw new UsageError('INVALID_VALUE', `the public key ${path} is not there: copy it from the machine of the ${name}`);
}

/** The public keys in a folder of them, which may change at any time. */
export class AllowedKeys {
  readonly #folder: string;
  readonly #trouble: (error: unknown) => void;
  #seen = '';
  #keys: ReadonlySet<string> = new Set();

  constructor(folder: string, trouble: (error: unknown) => void) {
    this.#folder = folder;
    this.#trouble = trouble;
  }

  /** Looks whether the folder has changed, so what lies in it at this moment counts. */
  has(key: string): boolean {
    try {
      this.#look();
    } catch (error) {
      this.#trouble(error);
    }
    return this.#keys.has(key);
  }

  #look(): void {
    const names = readdirSync(this.#folder).filter(name => name.endsWith('.key'));
    const paths = names.map(name => join(this.#folder, name)).sort();
    const stamps = paths.map(path => {
      const { mtimeMs, ctimeMs, size, ino } = statSync(path);
      return `${path} ${mtimeMs} ${ctimeMs} ${size} ${ino}`;
    });
    const now = stamps.join('\n');
    if (now === this.#seen) return;
    this.#keys = new Set(paths.flatMap(path => this.#keyIn(path)));
    this.#seen = now;
  }

  #keyIn(path: string): string[] {
    try {
      return [readKeys(path).publicKey];
    } catch (error) {
      this.#trouble(error);
      return [];
    }
  }
}

function readKeys(path: string): { readonly publicKey: string; readonly secretKey: string | undefined } {
  const text = readFileSync(path, 'utf8');
  const find = (name: string): string | undefined =>
    new RegExp(`^\\s*${name}\\s*=\\s*["'](.*)["']\\s*$`, 'm').exec(text)?.[1];
  const [open, secret] = [find('public-key'), find('secret-key')];
  for (const key of [open, secret]) {
    if (key !== undefined && !isKey(key)) throw new UsageError('INVALID_VALUE', `a key in ${path} is none`);
  }
  if (open === undefined) throw new UsageError('INVALID_VALUE', `there is no public key in ${path}`);
  return { publicKey: open, secretKey: secret };
}

function certificate(
  kind: 'Public' | 'Secret',
  keys: { readonly publicKey: string; readonly secretKey?: string },
): string {
  const advice = kind === 'Secret' ? 'Keep it to yourself.' : 'Give it to those who talk to you.';
  const secret = keys.secretKey === undefined ? '' : `    secret-key = "${keys.secretKey}"\n`;
  return [
    `#   Made on ${new Date().toISOString()} by ed-communicator`,
    `#   ZeroMQ CURVE ${kind} Certificate. ${advice}`,
    '',
    'metadata',
    'curve',
    `    public-key = "${keys.publicKey}"`,
    secret,
  ].join('\n');
}

/** Whole, or not at all; who comes second changes nothing. */
function publish(path: string, text: string): void {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
