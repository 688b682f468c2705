// The other side of a dispatcher under test: it notes what is sent to it.

import type { Correspondent } from '../../../lib/dispatcher/index.ts';
import type { Message } from '../../../lib/message/index.ts';
import { decode, encode } from '../../../lib/message/index.ts';
import { LogBook } from '../../support/world.ts';

export interface Noted extends Correspondent {
  readonly logger: LogBook;
  /** The lines that were sent to it. */
  readonly said: string[];
}

export function correspondent(name = 'peer'): Noted {
  const said: string[] = [];
  return {
    name,
    remote: 'memory:test',
    logger: new LogBook(),
    said,
    send: message => {
      said.push(typeof message === 'string' ? message : encode(message));
      return 'sent';
    },
    guarantee: 'at-most-once',
    deliver: () => Promise.reject(new Error('nobody confirms here')),
    request: () => Promise.reject(new Error('nobody answers here')),
    close: () => undefined,
  };
}

/** The message of a line. */
export function decoded(line: string): Message {
  const message = decode(line);
  if (message === undefined) throw new Error('a line of blanks');
  return message;
}
