// What the programs of a person say to any controller that serves them, whatever else it and its nodes talk about. They
// know no other definitions: requests and events of others are carried as data, and checked where they are defined.

import { event, request } from '../definitions.ts';
import type { ValueOf } from './schema.ts';

const integer = { type: 'integer' } as const;
const text = { type: 'string' } as const;
const anything = { type: 'object' } as const;

const nodeRow = {
  type: 'object',
  required: ['id', 'name', 'state', 'since', 'address', 'dialect', 'agent', 'version', 'details'],
  properties: {
    id: integer,
    name: text,
    /** `dropped`: its link is gone, and its session waits for it. */
    state: { enum: ['connected', 'dropped', 'closing', 'closed'] },
    /** When this state began: a time of ISO 8601. */
    since: text,
    address: text,
    dialect: { enum: ['seed', 'session'] },
    agent: text,
    version: text,
    /** What the controller has to say about it. */
    details: anything,
  },
  additionalProperties: false,
} as const;

/** A node, as controls see it. */
export type NodeRow = ValueOf<typeof nodeRow>;

/** The nodes that have registered, also while their link is dropped. */
export const listNodes = request('list_nodes', {
  links: ['control-controller'],
  response: { nodes: { type: 'array', items: nodeRow } },
});

/** From now on `node_update` and `node_event` come, as long as the session lasts. */
export const watchNodes = request('watch_nodes', { links: ['control-controller'] });

/** A request for a node: what the node answers is the answer. */
export const sendToNode = request('send_to_node', {
  links: ['control-controller'],
  request: { node_id: integer, request: text, data: anything },
  response: { data: anything },
});

/** A node has come, has lost its link, is back with its session, or has left for good. */
export const nodeUpdate = event('node_update', {
  links: ['controller-control'],
  event: {
    change: { enum: ['connect', 'drop', 'resume', 'leave'] },
    reason: { type: ['string', 'null'] },
    node: nodeRow,
  },
});

/** What a node has said. */
export const nodeEvent = event('node_event', {
  links: ['controller-control'],
  event: { node_id: integer, event: text, data: anything },
});

/** For a controller that serves controls, beside its own. */
export const controlDefinitions = [listNodes, watchNodes, sendToNode, nodeUpdate, nodeEvent] as const;
