// Who may: a rule of a listener looks at each message before any handler does.

import { isLocal } from '../base/address.ts';
import { UsageError } from '../base/errors.ts';
import type { Message } from '../message/index.ts';
import { isCommand } from '../message/index.ts';
import type { Correspondent, UpgradeFacts } from './correspondent.ts';
import { longestKept } from './match.ts';
import { secretMatches } from './secret.ts';

/** Who has sent a message, as far as its link knows. */
export interface Visitor {
  /** Address of the other side of the present link; of a session that went on with a new link, that of the new one. */
  readonly remote: string;
  /** Of a link over TLS whose other side has shown a certificate that is trusted: its common name, and the names in it. */
  readonly certificate?: { readonly subject: string; readonly names: readonly string[] } | undefined;
  /** Of a WebSocket: the page that opened it, as a browser says; other programs say nothing. */
  readonly origin?: string | undefined;
  /** Of a WebSocket: what it asked for when it connected, cookies and tokens too. */
  readonly upgrade?: UpgradeFacts | undefined;
  readonly peer: Correspondent;
}

/**
 * Whether a message may be acted on: `true`, or `false`, or words for why not, which go back in an INVALID. It is asked
 * for each message, and must not wait.
 */
export type Allow = (message: Message, visitor: Visitor) => boolean | string;

/** From loopback addresses and Unix sockets, and from inside the process; not from a page in a browser. */
const local: Allow = (_, { remote, origin }) => (origin === undefined && isLocal(remote)) || 'only from this machine';

/** With a trusted client certificate that has one of the names, as its common name or beside it; a listener asks for one with the options of its TLS. */
function certificate(...names: readonly string[]): Allow {
  const known = new Set(some('names', names));
  return (_, { certificate: shown }) => {
    return shown !== undefined && (known.has(shown.subject) || shown.names.some(name => known.has(name)));
  };
}

/** With this `secret_code` in the message. */
function secret(code: string): Allow {
  if (code === '') throw new UsageError('INVALID_VALUE', 'a secret cannot be empty');
  return message => secretMatches(message, code);
}

/** These commands and no others. */
function commands(...list: readonly string[]): Allow {
  const known = listed(list);
  return ({ command }) => known.has(command);
}

/** What every one of the rules allows; without rules, everything. */
function all(...rules: readonly Allow[]): Allow {
  return (message, visitor) => {
    for (const rule of rules) {
      const verdict = rule(message, visitor);
      if (verdict !== true) return verdict;
    }
    return true;
  };
}

/** What one of the rules allows. */
function either(...rules: readonly Allow[]): Allow {
  some('rules', rules);
  return (message, visitor) => {
    let verdict: boolean | string = false;
    for (const rule of rules) {
      verdict = rule(message, visitor);
      if (verdict === true) return true;
    }
    return verdict;
  };
}

/** These commands only where the rule allows them; others are fine. */
function when(list: readonly string[], rule: Allow): Allow {
  const known = listed(list);
  // The same command often comes many times in a row, and to compare two is cheaper than the Set's hash of one.
  let fine = '';
  return (message, visitor) => {
    const { command } = message;
    if (command === fine) return true;
    if (known.has(command)) return rule(message, visitor);
    if (command.length <= longestKept) fine = command;
    return true;
  };
}

/** QUIT, STOP, RESTART and LEAK from this machine only: what listeners do unless they are told otherwise. */
const usual: Allow = when(['QUIT', 'STOP', 'RESTART', 'LEAK'], local);

/**
 * Rules for the `allow` of a listener.
 * @example allow: allow.all(allow.usual, allow.when(['SHUTDOWN'], allow.certificate('admin')))
 */
export const allow = { local, certificate, secret, commands, all, either, when, usual } as const;

function listed(list: readonly string[]): ReadonlySet<string> {
  const wrong = some('commands', list).find(command => !isCommand(command));
  if (wrong !== undefined) throw new UsageError('INVALID_NAME', `"${wrong}" is no command`);
  return new Set(list);
}

function some<T>(what: string, list: readonly T[]): readonly T[] {
  if (list.length === 0)
    throw new UsageError('INVALID_VALUE', `the list of ${what} is empty: nothing would be allowed`);
  return list;
}
