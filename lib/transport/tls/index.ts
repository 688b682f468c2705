// Streams with tls. An end is told by a close_notify, so that each direction can end alone, as with tcp.

import type { AddressInfo, Socket } from 'node:net';
import net from 'node:net';
import nodeTls from 'node:tls';
import type { Address } from '../../base/address.ts';
import { formatAddress } from '../../base/address.ts';
import { UsageError } from '../../base/errors.ts';
import type { Manner } from '../socket-channel.ts';
import { dialFailed, listenFailed, listening, opened, remoteOf, SocketChannel } from '../socket-channel.ts';
import type { Certificate, Channel, ListenEvents, Transport } from '../transport.ts';
import { certificateOf } from './certificate.ts';
import type { TlsOptions } from './options.ts';
import { checkTls, materialOf } from './options.ts';
import { tlsReason } from './reasons.ts';
import type { TlsListening } from './security.ts';
import { serverOptions, tendedBy } from './security.ts';

export type { Pem, TlsFiles, TlsOptions } from './options.ts';
export type { TlsListening } from './security.ts';

/** Connections that may wait to be accepted; the system lowers it to what it allows. */
const backlog = 1024;

/** A transport whose certificate can be exchanged while it listens. */
export interface TlsTransport extends Transport {
  listen(address: Address, events: ListenEvents): Promise<TlsListening>;
}

/**
 * Serves `tls://host:port`. Names are checked, and TLS 1.2 is the oldest version, whatever the options.
 * @throws UsageError UNKNOWN_OPTION, INVALID_VALUE; from `listen` also INVALID_VALUE without a certificate
 */
export function tls(options: TlsOptions = {}): TlsTransport {
  checkTls(options);
  return {
    dial: (address, signal) => dial(address, signal, options),
    listen: (address, events) => listen(address, events, options),
  };
}

/** A channel over tls, accepted or dialled. */
export class TlsChannel extends SocketChannel {
  readonly certificate: Certificate | undefined;

  constructor(socket: Socket, remote: string) {
    super(socket, remote);
    this.certificate = certificateOf(socket);
  }

  override failed(error: Error): void {
    super.failed(inWords(error));
  }
}

const secure: Manner = {
  open: 'secureConnect',
  accepted: 'secureConnection',
  channel: (socket, remote) => new TlsChannel(socket, remote),
  inWords,
};

function inWords(error: Error): Error {
  return new Error(tlsReason(error), { cause: error });
}

async function dial(address: Address, signal: AbortSignal, options: TlsOptions): Promise<Channel> {
  const socket = await connectSecurely(address, options, signal);
  return opened(socket, address, signal, secure);
}

/** Begins to connect. @throws NetworkError DIAL_FAILED, the signal's reason */
export async function connectSecurely(
  address: Address,
  options: TlsOptions,
  signal: AbortSignal,
): Promise<nodeTls.TLSSocket> {
  const { host, port } = address;
  const { name = host, lookup } = options;
  signal.throwIfAborted();
  const material = await materialOf(options).catch((error: Error) =>
    Promise.reject(dialFailed(formatAddress(address), error)),
  );
  signal.throwIfAborted();
  const socket = nodeTls.connect({
    host,
    port,
    ...material,
    ...(lookup === undefined ? {} : { lookup }),
    // The name is asked for where it is one: a server may have several certificates.
    ...(net.isIP(name) === 0 ? { servername: name } : {}),
    checkServerIdentity: (_host, certificate) => nodeTls.checkServerIdentity(name, certificate),
    allowHalfOpen: true,
  } as nodeTls.ConnectionOptions);
  return socket.setNoDelay(true);
}

async function listen(address: Address, events: ListenEvents, options: TlsOptions): Promise<TlsListening> {
  const { host, port } = address;
  const given = await serverOptions(options).catch((error: unknown) => {
    throw error instanceof UsageError ? error : listenFailed(address, error);
  });
  const server = nodeTls.createServer({ ...given, noDelay: true });
  try {
    server.listen({ host, port, backlog });
    const place = await listening(
      server,
      events,
      {
        address: () => ({ ...address, port: (server.address() as AddressInfo).port }),
        remote: socket => remoteOf('tls', socket),
      },
      secure,
    );
    return tendedBy(server, options, error => events.trouble(error), place);
  } catch (error) {
    throw listenFailed(address, error);
  }
}
