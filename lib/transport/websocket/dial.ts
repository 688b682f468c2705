import type { Socket } from 'node:net';
import net from 'node:net';
import tls from 'node:tls';
import type { Address } from '../../base/address.ts';
import { formatAddress, formatHostPort } from '../../base/address.ts';
import { UsageError } from '../../base/errors.ts';
import { dialFailed } from '../socket-channel.ts';
import type { ChannelSettings } from './channel.ts';
import { WebSocketChannel } from './channel.ts';
import type { FrameChannel } from './frame-channel.ts';
import type { WebSocketSettings } from './index.ts';
import type { LateSocket } from './library.ts';
import { loadLibrary } from './library.ts';

/** @throws NetworkError DIAL_FAILED, the signal's reason, UsageError MISSING_PACKAGE, INVALID_ADDRESS */
export async function dial(address: Address, signal: AbortSignal, settings: WebSocketSettings): Promise<FrameChannel> {
  const url = urlOf(address);
  const library = await loadLibrary();
  if (signal.aborted) throw signal.reason;
  const socket = connect(address, settings);
  const ws = library.connect(url, settings.protocols, {
    headers: { ...settings.headers },
    maxPayload: settings.longest,
    followRedirects: false,
    createConnection: () => socket,
  });
  return opened(ws, socket, { remote: formatAddress(address), frames: settings.frames }, signal);
}

function connect({ scheme, host, port }: Address, { lookup, tls: security }: WebSocketSettings): Socket {
  const place = { host, port, ...(lookup === undefined ? {} : { lookup }) };
  if (scheme === 'ws') return net.connect({ ...place, noDelay: true });
  // The name is asked for where it is one: a server may have several certificates.
  return tls.connect({ ...place, ...(net.isIP(host) === 0 ? { servername: host } : {}), ...security });
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
    const connected = (): void => settle(() => resolve(new WebSocketChannel(ws, socket, settings)));
    const refused = (error: Error): void => {
      ws.on('error', () => undefined);
      settle(() => reject(dialFailed(settings.remote, error)));
    };
    const aborted = (): void => {
      ws.on('error', () => undefined).terminate();
      socket.destroy();
      settle(() => reject(signal.reason));
    };
    ws.once('open', connected).once('error', refused);
    signal.addEventListener('abort', aborted, { once: true });
  });
}
