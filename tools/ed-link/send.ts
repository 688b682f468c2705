// `ed-link send NODE REQUEST [DATA]`: a request to a node. Its definition is the controller's and the node's: they check.

import { PeerError, reasonOf, TimeoutError, UsageError } from '../../lib/base/errors.ts';
import type { NodeRow } from '../../lib/protocol/link/index.ts';
import { sendToNode } from '../../lib/protocol/link/index.ts';
import type { Place } from './control.ts';
import { ask, nodesOf } from './control.ts';
import { sayJson } from './show.ts';

export interface Given extends Place {
  readonly node: string | undefined;
  readonly request: string | undefined;
  readonly data: string | undefined;
  readonly timeout: string;
  readonly json: boolean;
}

export async function send(given: Given): Promise<void> {
  const { node: wanted = '', request = '' } = given;
  const data = dataOf(given.data);
  const answer = await ask(given, async (control, options) => {
    const node = nodeOf(await nodesOf(control, options), wanted);
    try {
      return await control.send(sendToNode, { node_id: node.id, request, data }, options);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      const why = node.state === 'connected' ? '' : `: its link is ${node.state}`;
      throw new TimeoutError('REQUEST_TIMEOUT', `no answer from node ${wanted}${why} (${error.message})`);
    }
  });
  sayJson(answer.data, given.json);
}

function dataOf(text = '{}'): { readonly [name: string]: unknown } {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new UsageError('INVALID_VALUE', `the data is no JSON: ${reasonOf(error)}`);
  }
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return data as Record<string, unknown>;
  throw new UsageError('INVALID_VALUE', `the data is no JSON object: ${text}`);
}

/** By id, or else by name. @throws PeerError REQUEST_FAILED */
function nodeOf(nodes: readonly NodeRow[], wanted: string): NodeRow {
  const byId = nodes.find(({ id }) => String(id) === wanted);
  const byName = nodes.filter(({ name }) => name === wanted);
  const [found = byId, another] = byId === undefined ? byName : [];
  if (another !== undefined) {
    const ids = byName.map(({ id }) => id).join(', ');
    throw new PeerError('REQUEST_FAILED', `${byName.length} nodes are called ${wanted}: take one of the ids ${ids}`);
  }
  if (found !== undefined) return found;
  const known = nodes.map(({ id, name }) => `${id} ${name}`).join(', ');
  throw new PeerError(
    'REQUEST_FAILED',
    `there is no node ${wanted}: ${known === '' ? 'there are none' : `known are ${known}`}`,
  );
}
