// Whom a client's greeting talks to: the bare link, past all that waits. Its messages stand outside of the session.

import type { Correspondent, Receipt, Sending } from '../../dispatcher/index.ts';
import type { Message } from '../../message/index.ts';
import type { Link } from '../link/link.ts';
import type { Conversation } from './conversation.ts';

export function greetingLink({ name, remote, logger }: Correspondent, link: Link, talk: Conversation): Correspondent {
  const send = (message: Message<unknown> | string): Sending =>
    link.send(talk.exchange.greeting(talk.outgoing(message)));
  return {
    name,
    remote,
    logger,
    guarantee: 'at-most-once',
    send,
    request: (message, options = {}) => talk.requests.open(message, options, { send }),
    deliver: async (message): Promise<Receipt> => {
      send(message);
      return { guarantee: 'at-most-once' };
    },
    close: () => link.drain(),
  };
}
