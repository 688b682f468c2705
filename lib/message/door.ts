// What may come in. The C++ parser takes any text for a command or a name, and throws later, when it uses it;
// here each message is looked at once, before anybody acts on it. Names of parameters are looked at
// by the codecs, which walk along them anyway.

import { PeerError } from '../base/errors.ts';
import type { Message } from './message.ts';
import { isCommand, isName, isTarget } from './names.ts';

/** What to do with a message that was read: act on it, or answer that nobody can know such a command. */
export type Admission = 'act' | 'unknown';

/**
 * Looks at the names of a message.
 * @throws PeerError INVALID_MESSAGE for a sender, target or parameter that no answer could name.
 */
export function admit(message: Message<unknown>): Admission {
  const { command, from, to, oddName } = message;
  if (from.server !== '' || from.service !== '') {
    check(from.server === '' || isName(from.server), 'sender server', from.server, command);
    check(from.service === '' || isName(from.service), 'sender service', from.service, command);
  }
  if (to.server !== '' || to.service !== '') {
    check(to.server === '' || isTarget(to.server), 'server', to.server, command);
    check(to.service === '' || isTarget(to.service), 'service', to.service, command);
  }
  if (oddName !== undefined) check(false, 'parameter', oddName, command);
  return isCommand(command) ? 'act' : 'unknown';
}

function check(good: boolean, what: string, text: string, command: string): void {
  if (good) return;
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  throw new PeerError('INVALID_MESSAGE', `"${shown}" is no ${what} name`, command);
}
