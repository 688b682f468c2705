// `ed-link watch`: what happens, a line each. After each loss of the session it asks anew which nodes there are, so that
// nothing is missed for good: what is not `here` then, is not there.

import { CommunicatorError, reasonOf } from '../../lib/base/errors.ts';
import type { Communicator } from '../../lib/communicator/index.ts';
import { printable } from '../../lib/logging/printable.ts';
import type { LinkClient, NodeRow } from '../../lib/protocol/link/index.ts';
import { nodeEvent, nodeUpdate, watchNodes } from '../../lib/protocol/link/index.ts';
import { wholeNumber } from '../command-line.ts';
import type { Place } from './control.ts';
import { controlOf, nodesOf, patience, told } from './control.ts';
import { coloured, colours, fields, localTime, say, sayJson } from './show.ts';

export interface Given extends Place {
  readonly json: boolean;
  readonly count?: string | undefined;
}

/** One line: what became of the link to the controller, what became of a node, or what a node said. */
type Line =
  | { readonly kind: 'controller'; readonly change: string; readonly address: string; readonly reason: string | null }
  | ({ readonly kind: 'node'; readonly change: string; readonly reason: string | null } & NodeRow)
  | {
      readonly kind: 'event';
      readonly id: number;
      readonly name: string;
      readonly event: string;
      readonly data: object;
    };

/** A controller that is there, and so busy that it does not answer, is waited for so long, in ms. */
const answerTime = 60_000;

export async function watch(given: Given): Promise<void> {
  const count = given.count === undefined ? Number.POSITIVE_INFINITY : wholeNumber('count', given.count, 1);
  const { communicator, control } = await controlOf(given);
  const watching = new Watching(given, count, communicator, control);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) communicator.signal(signal, () => watching.end());
  // Whoever read the lines has gone.
  process.stdout.once('error', () => watching.end());
  communicator.add(control);
  await communicator.run();
  if (watching.failure !== undefined) throw told(watching.failure, given);
}

class Watching {
  /** Why it cannot go on. */
  failure: Error | undefined;
  readonly #given: Given;
  readonly #communicator: Communicator;
  readonly #control: LinkClient;
  readonly #names = new Map<number, string>();
  #left: number;
  #waiting: 'silently' | 'told' = 'silently';

  constructor(given: Given, count: number, communicator: Communicator, control: LinkClient) {
    this.#given = given;
    this.#left = count;
    this.#communicator = communicator;
    this.#control = control;
    control.on('connect', () => this.#begin());
    control.on('drop', reason => this.#link('drop', reason.message));
    control.on('resume', () => this.#link('resume'));
    control.on('retry', error => this.#wait(error));
    control.on('close', reason => this.#failed(reason));
    control.handle(nodeUpdate, ({ node, change, reason }) => this.#node(change, node, reason));
    control.handle(nodeEvent, ({ node_id: id, event, data }) => {
      this.#show({ kind: 'event', id, name: this.#names.get(id) ?? '', event, data });
    });
  }

  end(): void {
    this.#left = 0;
    void this.#communicator.stop(patience);
  }

  /** A new session: nothing is known of the time before. */
  async #begin(): Promise<void> {
    this.#link('connect');
    try {
      await this.#control.send(watchNodes, {}, { timeout: answerTime });
      for (const node of await nodesOf(this.#control, { timeout: answerTime })) this.#node('here', node, null);
    } catch (error) {
      const lost = error instanceof CommunicatorError && (error.code === 'CLOSED' || error.code === 'SESSION_LOST');
      // Where the session is lost a new one follows, except where our words were the reason.
      if (!lost || told(error, this.#given) !== error) this.#failed(error as Error);
    }
  }

  #wait(error: Error): void {
    if (this.#waiting === 'told') return;
    this.#waiting = 'told';
    process.stderr.write(`ed-link: waiting for ${this.#given.address}: ${printable(reasonOf(error))}\n`);
  }

  #failed(reason: Error | undefined): void {
    this.failure ??= reason;
    this.end();
  }

  #link(change: string, reason: string | null = null): void {
    this.#waiting = 'silently';
    this.#show({ kind: 'controller', change, address: this.#given.address, reason });
  }

  #node(change: string, node: NodeRow, reason: string | null): void {
    this.#names.set(node.id, node.name);
    this.#show({ kind: 'node', change, reason, ...node });
  }

  #show(line: Line): void {
    if (this.#left <= 0) return;
    this.#left -= 1;
    const now = new Date();
    if (this.#given.json) sayJson({ time: now.toISOString(), ...line }, true);
    else say(lineOf(now, line));
    if (this.#left === 0) this.end();
  }
}

/** `2026-03-01 14:02:11  1 alpha        connect         ws://127.0.0.1:5123` */
function lineOf(now: Date, line: Line): string {
  const who = line.kind === 'controller' ? 'controller' : `${line.id} ${line.name}`;
  const what = line.kind === 'event' ? line.event : line.change;
  const colour = line.kind === 'event' ? 'cyan' : (colours[what] ?? 'gray');
  const parts = [printable(who).padEnd(14), coloured(colour, printable(what).padEnd(15)), printable(restOf(line))];
  return `${coloured('gray', localTime(now))}  ${parts.join(' ')}`.trimEnd();
}

function restOf(line: Line): string {
  if (line.kind === 'event') return fields(line.data as Record<string, unknown>);
  if (line.reason !== null) return line.reason;
  return line.kind === 'controller' ? line.address : `${line.address} ${fields(line.details)}`;
}
