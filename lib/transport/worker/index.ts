// Streams between the threads of a process (node:worker_threads): `worker:name`. Both sides may listen and dial.
//
// Who dials sends a port of a new pair over the port that joins the threads; who listens answers on it. From then on
// that pair carries the words of the two ends. Messages that are not ours are left to the program. A call waits until
// the other thread first listens somewhere; from then on it is answered.

import type { Transferable, Worker } from 'node:worker_threads';
import { MessageChannel, MessagePort, parentPort } from 'node:worker_threads';
import type { Address } from '../../base/address.ts';
import { formatAddress } from '../../base/address.ts';
import { NetworkError, UsageError } from '../../base/errors.ts';
import type { Word } from '../pair-channel.ts';
import { PairChannel } from '../pair-channel.ts';
import type { Channel, ListenEvents, Transport } from '../transport.ts';

/** What joins two threads: a Worker for the thread that made it, `parentPort` inside of it, or any port. */
export type ThreadPort = Worker | MessagePort;

const callKey = 'ed-communicator';
/** What comes over the port that joins the threads. */
interface Call {
  readonly [callKey]: 'dial';
  readonly name: string;
  readonly port: MessagePort;
}

type Answer = 'open' | 'nobody';

/**
 * @param port What joins this thread to the other. @default parentPort, in a worker
 * @throws UsageError INVALID_VALUE where there is none
 */
export function worker(port: ThreadPort | null = parentPort): Transport {
  if (port === null) throw new UsageError('INVALID_VALUE', 'which thread? Give worker(thread) with a Worker');
  const places = new Map<string, ListenEvents>();
  let dialled = 0;
  const called = (message: unknown): void => {
    if (!isCall(message)) return;
    const place = places.get(message.name);
    message.port.postMessage((place === undefined ? 'nobody' : 'open') satisfies Answer);
    if (place === undefined) return message.port.close();
    dialled += 1;
    place.accept(channelOver(message.port, `worker:${message.name}#${dialled}`));
  };
  return {
    dial: (address, signal) => dial(port, address, signal),
    listen(address, events) {
      const reason = `cannot listen on ${formatAddress(address)}: another listens there already`;
      if (places.has(address.path)) return Promise.reject(new NetworkError('LISTEN_FAILED', reason));
      port.off('message', called).on('message', called);
      if (port instanceof MessagePort) port.ref();
      places.set(address.path, events);
      const close = (): void => {
        if (places.get(address.path) !== events) return;
        places.delete(address.path);
        // Nothing to wait for here keeps the thread alive no longer; calls are still answered.
        const alone = places.size === 0 && port.listenerCount('message') === 1;
        if (alone && port instanceof MessagePort) port.unref();
      };
      return Promise.resolve({ address, close });
    },
  };
}

function dial(port: ThreadPort, address: Address, signal: AbortSignal): Promise<Channel> {
  if (signal.aborted) return Promise.reject(signal.reason);
  const { port1: near, port2: far } = new MessageChannel();
  const remote = formatAddress(address);
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      signal.removeEventListener('abort', aborted);
      near.removeAllListeners();
      outcome();
    };
    const fail = (error: unknown): void => {
      settle(() => reject(error as Error));
      near.close();
    };
    const aborted = (): void => fail(signal.reason);
    const refused = (): void => fail(new NetworkError('DIAL_FAILED', `cannot reach ${remote}: nobody listens there`));
    signal.addEventListener('abort', aborted, { once: true });
    near.once('close', refused);
    near.once('message', (answer: Answer) => {
      if (answer === 'open') settle(() => resolve(channelOver(near, remote)));
      else refused();
    });
    port.postMessage({ [callKey]: 'dial', name: address.path, port: far } satisfies Call, [far]);
  });
}

function channelOver(port: MessagePort, remote: string): Channel {
  const channel = new PairChannel(remote);
  channel.say = word => port.postMessage(word, word.kind === 'data' ? [word.bytes.buffer as Transferable] : []);
  channel.over = () => port.close();
  port.on('message', (word: Word) => channel.hear(word));
  // The other thread has ended.
  port.on('close', () => channel.hear({ kind: 'gone' }));
  return channel;
}

function isCall(message: unknown): message is Call {
  return (
    typeof message === 'object' &&
    message !== null &&
    (message as Partial<Call>)[callKey] === 'dial' &&
    (message as Partial<Call>).port instanceof MessagePort
  );
}
