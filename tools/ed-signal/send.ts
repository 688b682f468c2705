// Sends one message, and finds out as well as it can be known whether it arrived.
//
// Over a stream it counts as delivered when an answer to us came, or when the other side closed in good order
// (at QUIT it does so at once; otherwise we close first, after a moment for an answer). Reset, or silence until
// the timeout, counts as not delivered.

import type { Address } from '../../lib/base/address.ts';
import { formatAddress } from '../../lib/base/address.ts';
import { NetworkError, PeerError, TimeoutError } from '../../lib/base/errors.ts';
import { LineSlicer } from '../../lib/framing/line.ts';
import { bytesOf } from '../../lib/framing/utf8.ts';
import { pack } from '../../lib/framing/whole.ts';
import { printable } from '../../lib/logging/printable.ts';
import type { Message } from '../../lib/message/message.ts';
import { decode, encode } from '../../lib/message/text.ts';
import type { Channel } from '../../lib/transport/transport.ts';
import type { StreamTransports } from '../../lib/transport/transports.ts';
import { packetTransport, streamTransport } from '../../lib/transport/transports.ts';

export interface Order {
  readonly address: Address;
  readonly transports: StreamTransports;
  readonly message: Message;
  /** Wait for the answer and print it. */
  readonly reply: boolean;
  /** Longest time for all, in ms. */
  readonly timeout: number;
  readonly trace: boolean;
}

/** A service that has nothing to say to us has not said it within so many ms. */
const answerTime = 150;
const refusals: ReadonlySet<string> = new Set(['UNKNOWN', 'INVALID', 'SERVICE_UNAVAILABLE']);

export async function sendDatagram(order: Order): Promise<void> {
  const transport = await packetTransport(order.address);
  show(order, 'sent', encode(order.message));
  await transport.sendOnce(pack(encode(order.message), transport.longest), order.address);
}

export async function sendOverStream(order: Order): Promise<void> {
  const { address, timeout, transports } = order;
  const transport = await streamTransport(address, transports);
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort(new TimeoutError('DIAL_TIMEOUT', `${formatAddress(address)} did not answer within ${timeout} ms`));
  }, timeout);
  try {
    const channel = await transport.dial(address, late.signal);
    const answer = await new Talk(channel, order).over(late.signal);
    if (order.reply) process.stdout.write(`${process.stdout.isTTY ? printable(answer) : answer}\n`);
  } finally {
    clearTimeout(timer);
  }
}

/** One connection of ed-signal: a line out, lines in, an end. */
class Talk {
  readonly #channel: Channel;
  readonly #order: Order;
  readonly #slicer = new LineSlicer();
  readonly #lines: string[] = [];
  #heard: 'open' | 'ended' = 'open';

  constructor(channel: Channel, order: Order) {
    this.#channel = channel;
    this.#order = order;
  }

  /** Sends, and waits for the end; gives the answer, or the first line where none was for us alone. */
  over(late: AbortSignal): Promise<string> {
    return new Promise<string>((resolve, reject) => {
      const answered = (line: string): void => {
        this.#channel.close();
        settle(line, resolve, reject);
      };
      late.addEventListener('abort', () => reject(this.#tooLate(late)), { once: true });
      this.#channel.start({
        data: chunk => {
          try {
            this.#received(chunk, answered);
          } catch (error) {
            reject(error as Error);
          }
        },
        drained: () => undefined,
        ended: () => {
          this.#heard = 'ended';
          this.#channel.close();
        },
        closed: reason => this.#closed(reason, resolve, reject),
      });
      show(this.#order, 'sent', encode(this.#order.message));
      this.#channel.send(bytesOf(`${encode(this.#order.message)}\n`));
      if (!this.#order.reply) setTimeout(() => this.#channel.close(this.#order.timeout), answerTime).unref();
    }).finally(() => this.#channel.destroy());
  }

  #received(chunk: Buffer, answered: (line: string) => void): void {
    this.#slicer.push(chunk);
    while (this.#slicer.next()) {
      const { text, start, end } = this.#slicer;
      const line = text.slice(start, end);
      show(this.#order, 'received', line);
      this.#lines.push(line);
      if (this.#isForUs(line)) answered(line);
      else if (this.#order.reply) setTimeout(() => answered(this.#lines[0] ?? ''), 2 * answerTime).unref();
    }
  }

  /** Answers go to where the message came from. */
  #isForUs(line: string): boolean {
    const { from } = this.#order.message;
    const to = readable(line)?.to;
    return to !== undefined && to.server === from.server && to.service === from.service;
  }

  #closed(reason: Error | undefined, resolve: (line: string) => void, reject: (error: Error) => void): void {
    if (reason !== undefined) return reject(new NetworkError('CLOSED', `not delivered: ${reason.message}`));
    if (this.#heard === 'open') {
      return reject(
        new NetworkError('CLOSED', 'not known to be delivered: the other side neither answered nor closed'),
      );
    }
    if (!this.#order.reply || this.#lines.length > 0) return resolve(this.#lines[0] ?? '');
    reject(new NetworkError('CLOSED', 'the other side closed without an answer'));
  }

  #tooLate(late: AbortSignal): Error {
    const { reply, timeout } = this.#order;
    if (reply) return late.reason as Error;
    const text = `not known to be delivered: the other side neither answered nor closed within ${timeout} ms`;
    return new TimeoutError('REQUEST_TIMEOUT', text);
  }
}

/** A refusal is an answer too, and a failure. */
function settle(line: string, resolve: (line: string) => void, reject: (error: Error) => void): void {
  const message = readable(line);
  if (message === undefined || !refusals.has(message.command)) resolve(line);
  else reject(new PeerError('REFUSED', `the other side answered ${line}`));
}

function readable(line: string): Message | undefined {
  try {
    return decode(line);
  } catch {
    return undefined;
  }
}

function show({ trace }: Order, what: 'sent' | 'received', line: string): void {
  if (!trace) return;
  const hidden = line.replace(/(\b(?:secret_code|password)=)(?:"(?:\\.|[^"\\])*"|[^;]*)/g, '$1***');
  process.stderr.write(`${what} ${printable(hidden)}\n`);
}
