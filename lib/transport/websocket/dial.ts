import type { Socket } from 'node:net';
import net from 'node:net';
import type { Address } from '../../base/address.ts';
import { formatAddress, formatHostPort } from '../../base/address.ts';
import { UsageError } from '../../base/errors.ts';
import { dialFailed } from '../socket-channel.ts';
import { certificateOf } from '../tls/certificate.ts';
import { connectSecurely } from '../tls/index.ts';
import { tlsReason } from '../tls/reasons.ts';
import { WebSocketChannel } from './channel.ts';
import type { FrameChannel } from './frame-channel.ts';
import type { ChannelSettings } from './frame-rules.ts';
import type { WebSocketSettings } from './index.ts';
import type { LateSocket } from './library.ts';
import { loadLibrary } from './library.ts';

/** @throws NetworkError DIAL_FAILED, the signal's reason, UsageError MISSING_PACKAGE, INVALID_ADDRESS */
export async function dial(address: Address, signal: AbortSignal, settings: WebSocketSettings): Promise<FrameChannel> {
  const url = urlOf(address);
  const library = await loadLibrary();
  if (signal.aborted) throw signal.reason;
  const socket = await connect(address, settings, signal);
  const ws = library.connect(url, settings.protocols, {
    headers: { ...settings.headers },
    maxPayload: settings.longest,
    followRedirects: false,
    createConnection: () => socket,
  });
  return opened(ws, socket, { remote: formatAddress(address), frames: settings.frames, side: 'dialled' }, signal);
}

async function connect(address: Address, settings: WebSocketSettings, signal: AbortSignal): Promise<Socket> {
  const { host, port, scheme } = address;
  const { lookup, tls } = settings;
  if (scheme === 'wss') return connectSecurely(address, { ...tls, lookup }, signal);
  return net.connect({ host, port, ...(lookup === undefined ? {} : { lookup }), noDelay: true });
}

/** @throws UsageError INVALID_ADDRESS */
function urlOf(address: Address): URL {
  const { scheme, host, port, path } = address;
  try {
    // The zone of an IPv6 address (%eth0) is for this machine alone.
    return new URL(`${scheme}://${formatHostPort(host.replace(/%.*$/, ''), port)}${path}`);
  } catch (error) {
    throw new UsageError('INVALID_ADDRESS', `"${formatAddress(address)}" is no URL`, { cause: error });
  }
}

/** Waits until it is open; the channel takes over in that moment, before anything is read. */
function opened(ws: LateSocket, socket: Socket, settings: ChannelSettings, signal: AbortSignal): Promise<FrameChannel> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      ws.off('open', connected).off('error', refused);
      signal.removeEventListener('abort', aborted);
      outcome();
    };
    const connected = (): void =>
      settle(() => resolve(new WebSocketChannel(ws, socket, { ...settings, certificate: certificateOf(socket) })));
    const refused = (error: Error): void => {
      ws.on('error', () => undefined);
      settle(() => reject(dialFailed(settings.remote, new Error(tlsReason(error), { cause: error }))));
    };
    const aborted = (): void => {
      ws.on('error', () => undefined).terminate();
      socket.destroy();
      settle(() => reject(signal.reason));
    };
    ws.once('open', connected).once('error', refused);
    signal.addEventListener('abort', aborted, { once: true });
    if (signal.aborted) aborted();
  });
}
