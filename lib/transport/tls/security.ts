// What a listening place with tls has besides: a certificate that can be exchanged under way, and reasons of refusals.

import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';
import type { Server as NetServer } from 'node:net';
import { dirname } from 'node:path';
import type { TlsOptions as NodeTlsOptions, Server, TLSSocket } from 'node:tls';
import { Server as TlsServer } from 'node:tls';
import { formatHostPort } from '../../base/address.ts';
import { asError, NetworkError, reasonOf } from '../../base/errors.ts';
import type { Listening } from '../transport.ts';
import type { TlsOptions } from './options.ts';
import { checkListens, materialOf } from './options.ts';
import { tlsReason, unconfirmedReason } from './reasons.ts';

/** A place whose certificate can be exchanged. */
export interface TlsListening extends Listening {
  /**
   * Reads the files again; who is connected stays so, who comes gets the new certificate.
   * @throws NetworkError LISTEN_FAILED with the reason; the old certificate stays then
   */
  reload(): Promise<void>;
}

/** Who connects has this long, in ms, for the handshake. */
const handshakeTime = 10_000;
/** Files that belong together change within so many ms. */
const settleTime = 100;
/** A refusal with the same reason is told again after so many ms at the soonest. */
const refusalPause = 1_000;

/** What node listens with. @throws UsageError INVALID_VALUE, NetworkError CLOSED */
export async function serverOptions(options: TlsOptions): Promise<NodeTlsOptions> {
  checkListens(options);
  const { clients = 'anonymous' } = options;
  return {
    ...(await materialOf(options)),
    requestCert: clients !== 'anonymous',
    rejectUnauthorized: clients === 'required',
    handshakeTimeout: handshakeTime,
  };
}

/** The place, with its certificate looked after as long as it listens; one without tls has none to exchange. */
export function tendedBy(
  server: NetServer,
  options: TlsOptions | undefined,
  trouble: (error: Error) => void,
  { address, close }: Listening,
): TlsListening {
  if (options === undefined || !(server instanceof TlsServer)) return { address, close, reload: async () => undefined };
  const security = new Security(server, options, trouble);
  return {
    address,
    reload: () => security.reload(),
    close: () => {
      security.close();
      close();
    },
  };
}

class Security {
  readonly #server: Server;
  readonly #options: TlsOptions;
  readonly #trouble: (error: Error) => void;
  readonly #told = new Map<string, number>();
  readonly #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(server: Server, options: TlsOptions, trouble: (error: Error) => void) {
    this.#server = server;
    this.#options = options;
    this.#trouble = trouble;
    server.on('tlsClientError', (error, socket) => this.#refused(error, socket));
    // Who ends in the middle of its handshake has left; only after that each direction has an end of its own.
    server.prependListener('secureConnection', socket => {
      socket.allowHalfOpen = true;
    });
    // The folder and not the file: a file that is replaced is another file, which nobody would watch.
    const folders = Object.values(options.files ?? {}).map(path => dirname(path));
    for (const folder of new Set(folders)) this.#watch(folder);
  }

  async reload(): Promise<void> {
    try {
      this.#server.setSecureContext(await materialOf(this.#options));
    } catch (error) {
      const words = `the certificate was not exchanged, the old one stays: ${reasonOf(error)}`;
      throw new NetworkError('LISTEN_FAILED', words, { cause: error });
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }

  #watch(folder: string): void {
    const failed = (error: unknown): void =>
      this.#trouble(
        new NetworkError('CLOSED', `changes in ${folder} are not seen: ${reasonOf(error)}`, { cause: error }),
      );
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#changed());
      watcher.on('error', failed);
      this.#watchers.push(watcher);
    } catch (error) {
      failed(error);
    }
  }

  #changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.reload().catch((error: unknown) => this.#trouble(asError(error))), settleTime);
  }

  #refused(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    // node destroys who shows a certificate that is not confirmed, and tells only that it is gone.
    const { authorizationError: unconfirmed } = socket as { authorizationError?: unknown };
    const reason = typeof unconfirmed === 'string' ? unconfirmedReason(unconfirmed) : tlsReason(error);
    // Who leaves in the middle was not refused.
    if (typeof unconfirmed !== 'string' && error.code === 'ECONNRESET') return;
    const now = performance.now();
    if (now - (this.#told.get(reason) ?? Number.NEGATIVE_INFINITY) < refusalPause) return;
    this.#told.set(reason, now);
    const { remoteAddress, remotePort = 0 } = socket;
    const who = remoteAddress === undefined ? 'someone' : formatHostPort(remoteAddress, remotePort);
    this.#trouble(new NetworkError('CLOSED', `${who} was refused: ${reason}`, { cause: error }));
  }
}
