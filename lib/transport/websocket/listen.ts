// Listening: on a path of a web server that is there already, or on one of its own, which has no pages.

import type { IncomingMessage, ServerResponse } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Address } from '../../base/address.ts';
import { formatAddress } from '../../base/address.ts';
import { NetworkError, UsageError } from '../../base/errors.ts';
import { listenFailed, remoteOf } from '../socket-channel.ts';
import { certificateOf } from '../tls/certificate.ts';
import type { TlsOptions } from '../tls/options.ts';
import { serverOptions, tendedBy } from '../tls/security.ts';
import type { Listening } from '../transport.ts';
import { WebSocketChannel } from './channel.ts';
import type { FrameChannel, FrameListenEvents } from './frame-channel.ts';
import type { FrameRules } from './frame-rules.ts';
import { ordinaryRules } from './frame-rules.ts';
import type { WebServer, WebSocketSettings } from './index.ts';
import type { LateSocket, Library } from './library.ts';
import { loadLibrary } from './library.ts';
import type { Upgrade } from './mounts.ts';
import { Mounts } from './mounts.ts';

/** Connections that may wait to be accepted; the system lowers it to what it allows. */
const backlog = 1024;
/** Who connects has this long, in ms, to send its request; it is looked at as often as the second says. */
const requestTime = { headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 2_000 };

/** @throws NetworkError LISTEN_FAILED, UsageError MISSING_PACKAGE, INVALID_ADDRESS, INVALID_VALUE */
export async function listen(
  address: Address,
  events: FrameListenEvents,
  settings: WebSocketSettings,
): Promise<Listening> {
  const path = settings.path ?? address.path;
  if (path.includes('?')) throw new UsageError('INVALID_ADDRESS', `a path to listen on has no query: ${path}`);
  const more = { ...settings, scheme: address.scheme, rules: ordinaryRules, headers: [], request: 'kept' } as const;
  const upgrade = upgrading(await loadLibrary(), more, channel => events.accept(channel));
  return settings.server === undefined
    ? listenAlone({ ...address, path }, events, upgrade, settings)
    : mount({ ...address, path }, settings.server, upgrade);
}

function mount(address: Address, server: WebServer, upgrade: Upgrade): Listening {
  const path = pathOf(address);
  const mounts = Mounts.of(server);
  if (!mounts.add(path, upgrade)) {
    const reason = `cannot listen on ${formatAddress(address)}: the path is taken already`;
    throw new NetworkError('LISTEN_FAILED', reason);
  }
  return { address: { ...address, port: portOf(server) ?? address.port }, close: () => mounts.remove(path, upgrade) };
}

async function listenAlone(
  address: Address,
  events: FrameListenEvents,
  upgrade: Upgrade,
  { tls }: WebSocketSettings,
): Promise<Listening> {
  try {
    const server = await serverFor(address, tls);
    await listensOn(server, address);
    server.on('error', error => events.trouble(error));
    const place = mount(address, server, upgrade);
    return tendedBy(server, tls, error => events.trouble(error), {
      address: place.address,
      close: () => {
        place.close();
        server.close();
      },
    });
  } catch (error) {
    throw error instanceof UsageError ? error : listenFailed(address, error);
  }
}

/** @throws UsageError INVALID_VALUE, NetworkError CLOSED */
async function serverFor(address: Address, tls: TlsOptions): Promise<WebServer> {
  const path = pathOf(address);
  const answer = (request: IncomingMessage, response: ServerResponse): void => refusePlain(path, request, response);
  if (address.scheme === 'ws') return http.createServer(requestTime, answer);
  return https.createServer({ ...(await serverOptions(tls)), ...requestTime }, answer);
}

/** Waits until it listens. */
export function listensOn(server: WebServer, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** There are no pages here. */
function refusePlain(path: string, request: IncomingMessage, response: ServerResponse): void {
  const here = Mounts.pathOf(request) === path;
  const headers = { connection: 'close', 'content-type': 'text/plain' };
  if (here) response.writeHead(426, { ...headers, upgrade: 'websocket' }).end('a WebSocket is served here\n');
  else response.writeHead(404, headers).end('nothing is here\n');
}

/** What accepted channels are like. */
export interface UpgradeSettings {
  readonly scheme: string;
  readonly frames: 'text' | 'binary';
  /** Longest message, in bytes. */
  readonly longest: number;
  readonly protocols: readonly string[];
  readonly rules: FrameRules;
  /** Lines of the answer besides those that each has, as `Name: value`. */
  readonly headers: readonly string[];
  /** Whether a channel keeps the request that asked for it. */
  readonly request: 'kept' | 'dropped';
}

/** What turns a request into a channel. */
export function upgrading(
  library: Library,
  { scheme, longest, protocols, frames, rules, headers: ours, request: kept }: UpgradeSettings,
  accept: (channel: FrameChannel) => void,
): Upgrade {
  const upgrader = library.upgrader({
    maxPayload: longest,
    handleProtocols: offered => [...offered].find(name => protocols.includes(name)) ?? false,
    ...(rules.taken === 'whole-text' ? { maxFragments: 1 } : {}),
  });
  if (ours.length > 0) upgrader.on('headers', lines => void lines.push(...ours));
  return (request, duplex, head) => {
    const socket = duplex as Socket;
    upgrader.handleUpgrade(request, socket, head, ws => {
      const { url = '', headers } = request;
      const [remote, certificate] = [remoteOf(scheme, socket), certificateOf(socket)];
      const asked = kept === 'kept' ? { url, headers } : undefined;
      const settings = { remote, frames, rules, certificate, side: 'accepted', request: asked } as const;
      accept(new WebSocketChannel(ws as LateSocket, socket, settings));
    });
  };
}

/** The path as it stands in requests. */
function pathOf({ path }: Address): string {
  return new URL(`http://here${path}`).pathname;
}

function portOf(server: WebServer): number | undefined {
  const address = server.address() as AddressInfo | string | null;
  return typeof address === 'object' ? address?.port : undefined;
}
