// Serves the programs of a person: says which nodes there are and what becomes of them, and sends requests to them.

import { PeerError, reasonOf, UsageError } from '../../../base/errors.ts';
import { refuseUnknown } from '../../../base/options.ts';
import type { NodeRow } from '../definitions/controls.ts';
import { listNodes, nodeEvent, nodeUpdate, sendToNode, watchNodes } from '../definitions/controls.ts';
import { failed, forwardTime } from '../definitions/routing.ts';
import type { EventDefinition, RequestDefinition } from '../definitions.ts';
import type { LinkServer } from '../server.ts';
import type { Data } from '../wire.ts';
import { closes } from '../wire.ts';
import type { LinkPeer } from './peer.ts';

export interface ControlsOptions {
  /** What controls may send to nodes, and nothing else. @default nothing */
  readonly requests?: readonly RequestDefinition[] | undefined;
  /** What else there is to be known of a node. @default nothing */
  readonly describe?: ((node: LinkPeer) => Data) | undefined;
}

/**
 * Lets a controller serve controls such as `ed-link`. It must have `controlDefinitions` among its definitions.
 * @throws UsageError DUPLICATE_RULE, INVALID_VALUE, UNKNOWN_OPTION
 */
export function serveControls(server: LinkServer, options: ControlsOptions = {}): LinkControls {
  return new LinkControls(server, options);
}

export class LinkControls {
  readonly #server: LinkServer;
  readonly #requests = new Map<string, RequestDefinition>();
  readonly #describe: (node: LinkPeer) => Data;
  readonly #watching = new Set<LinkPeer>();
  /** When the state of a node began, in ms since 1970. */
  readonly #since = new WeakMap<LinkPeer, number>();

  constructor(server: LinkServer, options: ControlsOptions) {
    refuseUnknown('serveControls', { requests: 0, describe: 0 }, options);
    const { requests = [], describe = () => ({}) } = options;
    this.#server = server;
    this.#describe = describe;
    for (const definition of requests) this.#allow(definition);
    server.handle(listNodes, () => ({ nodes: server.peers.filter(isNode).map(node => this.#row(node)) }));
    server.handle(watchNodes, (_, control) => void this.#watching.add(control));
    server.handle(sendToNode, ({ node_id, request, data }) => this.#send(node_id, request, data));
    server.on('connect', peer => this.#changed('connect', peer));
    server.on('drop', (peer, reason) => this.#changed('drop', peer, reason));
    server.on('resume', peer => this.#changed('resume', peer));
    server.on('leave', (peer, reason) => this.#changed('leave', peer, reason));
  }

  /** Controls that watch at present. */
  get watching(): number {
    return this.#watching.size;
  }

  /** Tells all who watch what a node has said: for the handler of that event. */
  tell<D>(node: LinkPeer, { name }: EventDefinition<D>, data: D): void {
    this.#tell(nodeEvent, { node_id: node.id as number, event: name, data: data as Data });
  }

  #allow(definition: RequestDefinition): void {
    const { name, links } = definition;
    if (!links.has('controller-node')) {
      throw new UsageError('INVALID_VALUE', `${name} is not for the link controller-node`);
    }
    if (this.#requests.has(name)) throw new UsageError('DUPLICATE_RULE', `${name} is given twice`);
    this.#requests.set(name, definition);
  }

  async #send(id: number, name: string, given: Data): Promise<{ data: Data }> {
    const definition = this.#requests.get(name);
    if (definition === undefined) {
      const names = [...this.#requests.keys()].sort().join(', ');
      throw failed(`controls cannot send ${name}: ${names === '' ? 'nothing is' : `${names} are`} allowed`);
    }
    // Whoever names the node need not name it again.
    const data = definition.forwardTo === 'node' ? { ...given, node_id: id } : given;
    try {
      return { data: (await this.#server.node(id).send(definition, data, { timeout: forwardTime })) as Data };
    } catch (error) {
      // The data is the control's: what is wrong with it is no fault of this program.
      throw error instanceof UsageError ? new PeerError('REQUEST_FAILED', error.message, name) : error;
    }
  }

  #changed(change: 'connect' | 'drop' | 'resume' | 'leave', peer: LinkPeer, reason?: Error): void {
    if (change === 'leave') this.#watching.delete(peer);
    if (!isNode(peer)) return;
    this.#since.set(peer, peer.clock.wall());
    this.#tell(nodeUpdate, { change, reason: reason?.message ?? null, node: this.#row(peer) });
  }

  #tell<D>(event: EventDefinition<D>, data: D): void {
    for (const control of this.#watching) {
      try {
        control.send(event, data);
      } catch (error) {
        if (error instanceof UsageError) throw error;
        // It would miss something and not know: now it has to begin again.
        control.log('warn', `cannot be told what nodes do: ${reasonOf(error)}`);
        control.close(closes.overrun);
      }
    }
  }

  #row(node: LinkPeer): NodeRow {
    const { id, name, dialect, agent, version } = node.registration;
    const since = new Date(this.#since.get(node) ?? node.clock.wall()).toISOString();
    const { state, remote: address } = node;
    return { id: id as number, name, state, since, address, dialect, agent, version, details: this.#describe(node) };
  }
}

function isNode({ registration }: LinkPeer): boolean {
  return registration.role === 'node';
}
