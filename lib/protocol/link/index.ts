// The link protocol: requests, responses and events between a controller, its nodes and controls.

import type { LinkClientOptions } from './client/options.ts';
import { LinkClient } from './client.ts';
import type { LinkServerOptions } from './server/options.ts';
import { LinkServer } from './server.ts';

/** A controller, for a communicator to add. @throws UsageError */
export function linkServer(address: string, options: LinkServerOptions): LinkServer {
  return new LinkServer(address, options);
}

/** A node or a control, for a communicator to add. @throws UsageError */
export function linkClient(address: string, options: LinkClientOptions): LinkClient {
  return new LinkClient(address, options);
}

export type { LinkInstance } from './client/instance.ts';
export type { LinkClientLimits, LinkClientOptions } from './client/options.ts';
export { linkClientLimits } from './client/options.ts';
export type { LinkClientEvents, LinkClientState } from './client/table.ts';
export { linkClientTable } from './client/table.ts';
export { LinkClient } from './client.ts';
export type { NodeRow } from './definitions/controls.ts';
export {
  controlDefinitions,
  listNodes,
  nodeEvent,
  nodeUpdate,
  sendToNode,
  watchNodes,
} from './definitions/controls.ts';
export type { EventHandler, HandlerOf, RequestHandler } from './definitions/routing.ts';
export type { Properties, Schema, ValueOf, ValuesOf } from './definitions/schema.ts';
export type {
  BroadcastTo,
  Definition,
  EventDefinition,
  EventOptions,
  ForwardTo,
  LinkName,
  RequestDefinition,
  RequestOptions,
} from './definitions.ts';
export { event, request } from './definitions.ts';
export type { TokenOptions } from './server/authentication.ts';
export { linkToken } from './server/authentication.ts';
export type { ControlsOptions, LinkControls } from './server/controls.ts';
export { serveControls } from './server/controls.ts';
export type { Dialects, LinkLimits, LinkServerOptions, SessionOptions } from './server/options.ts';
export { linkLimits, sessionDefaults } from './server/options.ts';
export type { LinkPeer, Registration } from './server/peer.ts';
export type { LinkPeerEvents, LinkPeerState } from './server/table.ts';
export { linkPeerTable } from './server/table.ts';
export type { LinkServerEvents, LinkServerState } from './server.ts';
export { LinkServer, linkServerTable } from './server.ts';
export type { Sender, SendOptions } from './session/link-host.ts';
export type { Close, Dialect, Role } from './wire.ts';
