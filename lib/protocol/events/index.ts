// Events over ZeroMQ: a server that copies what it takes to all who have registered, and its clients.

import type { BridgeOptions } from './client/bridge.ts';
import { Bridge } from './client/bridge.ts';
import type { EventsClientOptions } from './client/options.ts';
import { EventsClient } from './client.ts';
import type { EventsServerOptions } from './server/options.ts';
import { EventsServer } from './server.ts';

/** A server, for a communicator to add: it listens, or uses the one that runs there already. @throws UsageError */
export function ensureServer(options?: EventsServerOptions): EventsServer {
  return new EventsServer(options);
}

/** A client, for a communicator to add. @throws UsageError */
export function eventsClient(options?: EventsClientOptions): EventsClient {
  return new EventsClient(options);
}

/** Joins text messages and events: chosen commands become events, chosen events become commands. @throws UsageError */
export function bridge(client: EventsClient, options: BridgeOptions): Bridge {
  return new Bridge(client, options);
}

export type { BridgeOptions } from './client/bridge.ts';
export { Bridge, bridgeParameter } from './client/bridge.ts';
export type { RegisterOptions, Uid } from './client/callbacks.ts';
export type { EventsClientOptions } from './client/options.ts';
export { usualAddresses } from './client/options.ts';
export type { EventsClientEvents, EventsClientState } from './client/table.ts';
export { eventsClientTable } from './client/table.ts';
export { EventsClient } from './client.ts';
export { catalog } from './definitions/catalog.ts';
export type { ContentOf, ContentType } from './definitions/content.ts';
export { anything, bytes, dict, flag, integer, listOf, number, orNothing, text } from './definitions/content.ts';
export type { CatalogOf, CatalogTypes } from './definitions.ts';
export { defineCatalog, Event } from './definitions.ts';
export type { EventsServerOptions } from './server/options.ts';
export type { EventsAddresses, EventsServerEvents, EventsServerState } from './server.ts';
export { EventsServer, eventsServerTable } from './server.ts';
export type { EventsLimits } from './session/limits.ts';
export type { Curve, CurveOptions } from './session/security.ts';
export { usualFolder } from './session/security.ts';
export type { PickleDialect, PickleForm } from './wire/pickle-writer.ts';
export type { ContentForm } from './wire.ts';
