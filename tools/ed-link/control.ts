// The link of ed-link to a controller.

import { CommunicatorError, PeerError, TimeoutError } from '../../lib/base/errors.ts';
import { Communicator } from '../../lib/communicator/index.ts';
import type { LinkClient, NodeRow, SendOptions } from '../../lib/protocol/link/index.ts';
import { controlDefinitions, linkClient, listNodes } from '../../lib/protocol/link/index.ts';
import { milliseconds, textOfFile } from '../command-line.ts';

/** What of the command line says where the controller is. */
export interface Place {
  readonly address: string;
  readonly token?: string | undefined;
  readonly 'token-file'?: string | undefined;
  readonly dialect: string;
  readonly trace: boolean;
}

/** A controller that is going away is waited for so long, in ms. */
export const patience = 500;

/** A control with its communicator. @throws UsageError */
export async function controlOf(
  place: Place,
  dial?: number,
): Promise<{ communicator: Communicator; control: LinkClient }> {
  const { address, 'token-file': file, dialect, trace } = place;
  const token = file === undefined ? place.token : textOfFile('token-file', file);
  const control = linkClient(address, {
    role: 'control',
    definitions: controlDefinitions,
    token,
    dialect: dialect as 'session' | 'seed',
    limits: { dial },
  });
  const { serviceLogger } = await import('../../lib/logging/index.ts');
  const logger = trace ? await serviceLogger({ name: 'ed-link', level: 'trace' }) : undefined;
  return { communicator: new Communicator({ logger }), control };
}

/** Asks a controller something, and leaves. Where it cannot be reached at once, that is the answer. */
export async function ask<T>(
  place: Place & { readonly timeout: string },
  question: (control: LinkClient, options: SendOptions) => Promise<T>,
): Promise<T> {
  const timeout = milliseconds('timeout', place.timeout);
  const { communicator, control } = await controlOf(place, Math.max(1, timeout));
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort(new TimeoutError('REQUEST_TIMEOUT', `${place.address} did not answer within ${timeout / 1_000} s`));
  }, timeout);
  try {
    await registered(communicator, control, late.signal);
    return await question(control, { timeout: 2 * timeout, signal: late.signal });
  } catch (error) {
    throw told(error, place);
  } finally {
    clearTimeout(timer);
    await communicator.stop(patience);
  }
}

/** The nodes, by their ids. */
export async function nodesOf(control: LinkClient, options: SendOptions): Promise<NodeRow[]> {
  const { nodes } = await control.send(listNodes, {}, options);
  return nodes.toSorted((one, other) => one.id - other.id);
}

/** Adds what there is to be done, where that is not plain from the words. */
export function told(error: unknown, { address, token, 'token-file': file }: Place): unknown {
  if (!(error instanceof CommunicatorError)) return error;
  const { code, message } = error;
  if (code === 'NOT_AUTHENTICATED' && (token ?? file) === undefined) {
    return new PeerError(code, `${address} asks for a token: give --token-file or ED_LINK_TOKEN`);
  }
  if (code === 'NOT_AUTHENTICATED') return new PeerError(code, `${address} does not accept the token: ${message}`);
  if (code === 'PROTOCOL_ERROR') {
    return new PeerError(code, `${address} refuses the handshake: ${message} (does it speak another --dialect?)`);
  }
  if (/No (validator|handler) for (list_nodes|watch_nodes|send_to_node)_request/.test(message)) {
    return new PeerError('REQUEST_FAILED', `${address} does not serve controls such as this one: ${message}`);
  }
  return error;
}

function registered(communicator: Communicator, control: LinkClient, late: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    late.addEventListener('abort', () => reject(late.reason as Error), { once: true });
    control.once('connect', resolve);
    control.once('retry', reject);
    control.once('close', reject);
    communicator.add(control);
  });
}
