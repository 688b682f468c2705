// What ed-events does.

import { Communicator } from '../../lib/communicator/index.ts';
import type { ContentForm, Curve, EventsClient } from '../../lib/protocol/events/index.ts';
import { catalog, ensureServer, eventsClient } from '../../lib/protocol/events/index.ts';
import { exitCodes, milliseconds, wholeNumber } from '../command-line.ts';

interface Place {
  readonly 'emit-address': string;
  readonly 'reg-address': string;
  readonly curve: boolean | undefined;
  readonly keys: string | undefined;
}

interface Emitting extends Place {
  readonly name: string | undefined;
  readonly content: string;
  readonly timeout: string;
}

interface Registering extends Place {
  readonly name: string | undefined;
  readonly count: string | undefined;
  readonly json: boolean;
}

/** Runs until a signal ends it. */
export async function serve(given: Place & { readonly insecure: boolean }): Promise<number> {
  const { serviceLogger } = await import('../../lib/logging/index.ts');
  const logger = await serviceLogger({ name: 'ed-events', level: 'info' });
  const communicator = new Communicator({ logger });
  const { insecure } = given;
  communicator.add(ensureServer({ ...addresses(given), curve: curve(given), insecure }));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) communicator.signal(signal, () => communicator.stop());
  await communicator.run();
  return exitCodes.done;
}

/** Sends one event, and ends when it has arrived at the server. */
export async function emit(given: Emitting, content: readonly unknown[]): Promise<number> {
  const { name = '' } = given;
  const timeout = milliseconds('timeout', given.timeout);
  const { communicator, client } = dial(given, given.content as ContentForm);
  client.emit(name, ...content);
  const failed = new Promise<never>((_, reject) => communicator.run().catch(reject));
  await Promise.race([failed, client.ready({ timeout })]);
  await communicator.stop();
  return exitCodes.done;
}

/** Prints events, so many or until a signal ends it. */
export async function register(given: Registering): Promise<number> {
  const { name = '' } = given;
  let left = given.count === undefined ? Number.POSITIVE_INFINITY : wholeNumber('count', given.count, 1);
  const { communicator, client } = dial(given, 'pickle');
  const stop = (): unknown => communicator.stop();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) communicator.signal(signal, stop);
  client.register(name, (_event, ...content) => {
    if (left === 0) return;
    process.stdout.write(`${lineOf(name, content, given.json)}\n`);
    left -= 1;
    if (left === 0) stop();
  });
  client.once('connect', () => {
    const say = (): unknown => process.stderr.write(`ed-events: registered for ${name}\n`);
    client.ready({ timeout: 3_600_000 }).then(say, () => undefined);
  });
  await communicator.run();
  return exitCodes.done;
}

/** The names of the catalog. */
export function list(): number {
  process.stdout.write(`${Object.keys(catalog).join('\n')}\n`);
  return exitCodes.done;
}

function dial(
  given: Place,
  content: ContentForm,
): { readonly communicator: Communicator; readonly client: EventsClient } {
  const communicator = new Communicator();
  const client = eventsClient({ ...addresses(given), content, curve: curve(given) });
  communicator.add(client);
  return { communicator, client };
}

function addresses(given: Place): { emitAddress: string; regAddress: string } {
  return { emitAddress: given['emit-address'], regAddress: given['reg-address'] };
}

function curve({ curve: wanted, keys }: Place): Curve | undefined {
  return keys === undefined || wanted === false ? wanted : { folder: keys };
}

function lineOf(event: string, content: readonly unknown[], json: boolean): string {
  if (json) return JSON.stringify({ event, content }, plain);
  return [event, ...content.map(value => JSON.stringify(value, plain))].join(' ');
}

/** What JSON has no form for: long integers as text, bytes in hex, dicts with other keys than texts as pairs. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return value instanceof Map ? [...(value as Map<unknown, unknown>)] : value;
}
