// The message that asks a service to end, and what becomes of it. The connection stays: its end is the first sign.

import type { Address } from '../../lib/base/address.ts';
import { formatAddress } from '../../lib/base/address.ts';
import { reasonOf, UsageError } from '../../lib/base/errors.ts';
import { Communicator } from '../../lib/communicator/index.ts';
import { Dispatcher } from '../../lib/dispatcher/index.ts';
import { pack } from '../../lib/framing/whole.ts';
import { silentLogger } from '../../lib/logging/index.ts';
import type { Message } from '../../lib/message/message.ts';
import { encode } from '../../lib/message/text.ts';
import type { StreamTransports } from '../../lib/transport/transports.ts';
import { packetTransport, streamTransport } from '../../lib/transport/transports.ts';

export interface Asking {
  /** Why it will not end by the message. */
  readonly refusal: string | undefined;
  /** Whether the connection has been there, and has closed; never with packets. */
  readonly hungUp: boolean;
  end(): void;
}

/** A place that takes longer to refuse a connection does not refuse it, in ms. */
const probeTime = 2_000;

export async function ask(address: Address, message: Message, transports: StreamTransports): Promise<Asking> {
  if (address.scheme === 'udp') return askInPacket(address, message);
  const found = { refusal: undefined as string | undefined, hungUp: false };
  const refused = (answer: Message): void => {
    if (answer.get('command') !== message.command) return;
    const reason = answer.get('message');
    found.refusal = `it answered ${answer.command}${reason === undefined ? '' : ` (${reason})`}`;
  };
  const dispatcher = new Dispatcher()
    .on('INVALID', refused)
    .on('UNKNOWN', refused)
    .otherwise(() => undefined);
  const communicator = new Communicator({ logger: silentLogger, transports, drain: 0 });
  const client = communicator.connect(formatAddress(address), { dispatcher });
  const opened = new Promise<void>(resolve => {
    const failed = (reason: Error | undefined): void => {
      found.refusal = reasonOf(reason);
      resolve();
    };
    client.on('close', failed);
    client.on('open', () => {
      client.off('close', failed);
      client.on('close', () => {
        found.hungUp = true;
      });
      resolve();
    });
  });
  client.send(message);
  await opened;
  return Object.assign(found, { end: () => void communicator.stop(0) });
}

async function askInPacket(address: Address, message: Message): Promise<Asking> {
  const transport = await packetTransport(address);
  const refusal = await transport
    .sendOnce(pack(encode(message), transport.longest), address)
    .then(() => undefined, reasonOf);
  return { refusal, hungUp: false, end: () => undefined };
}

/** Whether nobody listens there any more. */
export async function refuses(address: Address, transports: StreamTransports): Promise<boolean> {
  const transport = await streamTransport(address, transports);
  const late = AbortSignal.timeout(probeTime);
  try {
    (await transport.dial(address, late)).destroy();
    return false;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return !late.aborted;
  }
}
