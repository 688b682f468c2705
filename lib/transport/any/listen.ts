// One place: what is accepted waits until it is told apart, and goes to whom it belongs.

import type { AddressInfo, Socket } from 'node:net';
import type { Address } from '../../base/address.ts';
import { UsageError } from '../../base/errors.ts';
import { listenFailed, remoteOf, SocketChannel } from '../socket-channel.ts';
import { TlsChannel } from '../tls/index.ts';
import type { TlsListening } from '../tls/security.ts';
import { serverOptions, tendedBy } from '../tls/security.ts';
import { loadLibrary } from '../websocket/library.ts';
import { listensOn } from '../websocket/listen.ts';
import type { AnyListenEvents } from './index.ts';
import type { AnySettings } from './options.ts';
import { Undecided } from './undecided.ts';
import { Web } from './web.ts';

/** @throws NetworkError LISTEN_FAILED, UsageError MISSING_PACKAGE, INVALID_VALUE */
export async function listen(address: Address, events: AnyListenEvents, settings: AnySettings): Promise<TlsListening> {
  const library = await loadLibrary();
  try {
    const security = settings.tls === undefined ? undefined : await serverOptions(settings.tls);
    const web = new Web(library, settings, security, events);
    const undecided = decidingFor(web, events, settings);
    await listensOn(web.server, address);
    web.server.on('error', events.trouble);
    return placeOf(address, web, undecided, events, settings);
  } catch (error) {
    throw error instanceof UsageError ? error : listenFailed(address, error);
  }
}

function decidingFor(web: Web, events: AnyListenEvents, { undecided, tls }: AnySettings): Undecided {
  const Kind = tls === undefined ? SocketChannel : TlsChannel;
  const scheme = tls === undefined ? 'tcp' : 'tls';
  const deciding = new Undecided(
    undecided,
    (socket, told) => {
      if (told === 'http') web.adopt(socket);
      else events.stream(new Kind(socket, remoteOf(scheme, socket)));
    },
    events.trouble,
  );
  web.server.on(web.accepted, (socket: Socket) => deciding.take(socket));
  if (tls !== undefined) web.server.on('connection', (socket: Socket) => deciding.expect(socket));
  return deciding;
}

function placeOf(
  address: Address,
  { server }: Web,
  undecided: Undecided,
  events: AnyListenEvents,
  { tls }: AnySettings,
): TlsListening {
  return tendedBy(server, tls, events.trouble, {
    address: { ...address, port: (server.address() as AddressInfo).port },
    close: () => {
      undecided.close();
      server.close();
    },
  });
}
