// Event paths, subscriptions and callbacks for browsers and devices: the protocol of QuickIO.

import type { QioServerOptions } from './server/options.ts';
import { QioServer } from './server.ts';

/** A server, for a communicator to add. @throws UsageError */
export function qioServer(address: string, options?: QioServerOptions): QioServer {
  return new QioServer(address, options);
}

export type { Backplane } from '../../base/backplane.ts';
export { localBackplane } from '../../base/backplane.ts';
export type {
  Answered,
  Call,
  Lost,
  QioApp,
  QioAppContext,
  QioClient,
  QioEvent,
  Subscribing,
} from './definitions.ts';
export { event, handled, QioRefusal } from './definitions.ts';
export { clienttest } from './server/clienttest.ts';
export type { Page, PageRequest, QioServerOptions, WebOptions } from './server/options.ts';
export type { QioServerEvents, QioServerState } from './server.ts';
export { QioServer, qioServerTable } from './server.ts';
export type { CarrierKind, ClientState } from './session/carrier.ts';
export type { Counters, QioLimits, QioTimes } from './session/host.ts';
export { pollingTable } from './session/polling.ts';
export { subscriptionTable } from './session/subscription.ts';
export { clientTable } from './session.ts';
