// What the daemon knows: handlers that answer, wait, throw, ask back, hold, flood and forward.

import { setTimeout as pause } from 'node:timers/promises';
import type { Correspondent, Message, PermanentClient, Tracing } from '../../../lib/index.ts';
import {
  address,
  bigint,
  boolean,
  Dispatcher,
  defineMessage,
  integer,
  Message as MessageValue,
  Peer,
  string,
  systemCommands,
  timespec,
} from '../../../lib/index.ts';

/** What came to handlers: messages of the well-behaved connection one by one, all others as a number. */
export class Ledger {
  handled = 0;
  received = 0;
  duplicated = 0;
  reordered = 0;
  #last = 0;

  take(number: number): void {
    this.received += 1;
    if (number === this.#last) this.duplicated += 1;
    else if (number !== this.#last + 1) this.reordered += 1;
    this.#last = number;
  }
}

const event = defineMessage('EVENT', {
  id: integer(),
  text: string(),
  at: timespec({ optional: true }),
  big: bigint({ optional: true }),
  flag: boolean({ optional: true }),
  where: address({ optional: true }),
});

/** A number that a line says, within bounds: a fuzzer asks for more than anybody should. */
function within(message: Message, name: string, most: number): number {
  const value = Number(message.get(name));
  return value >= 0 && value <= most ? Math.floor(value) : most;
}

const nothing = (): void => undefined;

function odd(message: Message): never {
  const values: Record<string, unknown> = { undefined, null: null, text: 'on purpose', number: 7 };
  throw values[message.get('what') ?? 'undefined'];
}

/** The answer is not waited for in vain for long: the fuzzer seldom gives one. */
async function ask(message: Message, peer: Correspondent): Promise<void> {
  const answer = await peer.request('QUESTION', { timeout: 20 }).catch(nothing);
  peer.send(message.reply('ASKED', { command: answer?.command }));
}

async function tell(message: Message, peer: Correspondent): Promise<void> {
  const told = MessageValue.of('TOLD', { text: message.get('text') });
  await peer.deliver(told, { ttl: 20, signal: AbortSignal.timeout(25) }).catch(nothing);
}

function big(message: Message, peer: Correspondent): void {
  const text = 'x'.repeat(within(message, 'size', 60_000));
  for (let left = within(message, 'times', 8); left > 0; left -= 1) peer.send(message.reply('LARGE', { text }));
}

function hold(message: Message, peer: Correspondent): void {
  if (!(peer instanceof Peer)) return;
  peer.disable();
  setTimeout(() => peer.enable(), within(message, 'ms', 5));
}

/** @param client where FORWARD goes */
export function rules(word: string, ledger: Ledger, client: () => PermanentClient, trace: Tracing): Dispatcher {
  const counts = (): void => {
    ledger.handled += 1;
  };
  const count = (message: Message, peer: Correspondent): void => {
    if (message.get('word') !== word) return;
    const number = message.integer('n');
    ledger.take(number);
    peer.send(message.reply('NOTED', { n: number }));
  };
  return new Dispatcher({ trace })
    .on('COUNT', count)
    .on('PING', (message, peer) => peer.send(message.reply('PONG', { n: message.get('n') })))
    .on('ECHO', (message, peer) => peer.send(message.reply('ECHOED', message.without('_answer').parameters)))
    .on(event, (message, peer) => peer.send(message.reply('DONE', { ...message.parameters })))
    .on('SLOW', message => pause(within(message, 'ms', 10)))
    .on('THROW', () => {
      throw new Error('on purpose');
    })
    .on('REJECT', () => pause(1).then(() => Promise.reject(new Error('on purpose'))))
    .on('ODD', odd)
    .observe(() => true, counts)
    .observe(/^OBS/, () => Promise.reject(new Error('on purpose')))
    .on('OBSERVED', (message, peer) => peer.send(message.reply('SEEN')))
    .on('ASK', ask)
    .on('TELL', tell)
    .on('BIG', big)
    .on('FORWARD', message => void client().send(message.without('_session')))
    .on('CLOSE', (_, peer) => peer instanceof Peer && peer.close())
    .on('PAUSE', hold)
    .use(systemCommands({ complaint: nothing, leak: nothing }))
    .otherwiseUnknown();
}
