// A rule: which messages it matches, in which place it stands, what it does.

import { UsageError } from '../base/errors.ts';
import { refuseUnknown, wholeInRange } from '../base/options.ts';
import type { Message } from '../message/index.ts';
import { isCommand, MessageDefinition } from '../message/index.ts';
import type { Correspondent } from './correspondent.ts';

/**
 * What to do with a message. A promise holds that connection, and no other, until it settles. What is thrown is
 * logged, and the sender gets INVALID.
 */
export type Handler<P = Readonly<Record<string, string>>> = (message: Message<P>, connection: Correspondent) => unknown;

export type Predicate = (message: Message) => boolean;

/** An exact command, a pattern for commands, any test, or a definition (its command, with checked parameters). */
export type Match = string | RegExp | Predicate | MessageDefinition;

export interface RuleOptions {
  /** 0 (first) to 15. @default 7, or 0 for `observe` */
  readonly priority?: number;
  /** For `remove`. @default none */
  readonly tag?: string;
  /** Gives way to another exact rule for the same command, whichever comes first. @default false */
  readonly fallback?: boolean;
}

/** Characters of a command that may be kept for the next message: a longer one may be a slice, which holds its whole text. */
export const longestKept = 12;

/** Priorities of the C++ library (reference eventdispatcher §4). */
export const priorities = { first: 0, default: 7, system: 10, last: 15 } as const;

export interface Rule {
  /** The one command that an exact rule is for. */
  readonly command: string | undefined;
  readonly matches: Predicate;
  readonly handler: Handler;
  /** The search goes on behind this rule. */
  readonly passing: boolean;
  readonly priority: number;
  readonly tag: string | undefined;
  readonly fallback: boolean;
  /** For people. */
  readonly text: string;
}

/** @throws UsageError INVALID_NAME, INVALID_VALUE, OUT_OF_RANGE, UNKNOWN_OPTION */
export function makeRule(match: Match, handler: Handler, passing: boolean, options: RuleOptions): Rule {
  refuseUnknown('a rule', { priority: 0, tag: 0, fallback: 0 }, options);
  const { priority = passing ? priorities.first : priorities.default, tag, fallback = false } = options;
  wholeInRange('the priority of a rule', priority, priorities.first, priorities.last);
  if (typeof handler !== 'function') throw new UsageError('INVALID_VALUE', 'the handler of a rule is no function');
  return { ...understood(match, handler), passing, priority, tag, fallback };
}

function understood(match: Match, handler: Handler): Pick<Rule, 'command' | 'matches' | 'handler' | 'text'> {
  if (match instanceof MessageDefinition) {
    const checked: Handler = (message, connection) => (handler as Handler<unknown>)(match.read(message), connection);
    return { ...understood(match.command, handler), handler: checked };
  }
  if (match instanceof RegExp) {
    const pattern = new RegExp(match.source, match.flags.replace(/[gy]/g, ''));
    return {
      command: undefined,
      matches: ({ command }) => pattern.test(command),
      handler,
      text: String(match),
    };
  }
  if (typeof match === 'function') {
    return { command: undefined, matches: match, handler, text: match.name || 'a predicate' };
  }
  if (!isCommand(match)) throw new UsageError('INVALID_NAME', `"${match}" is no command`);
  return { command: match, matches: ({ command }) => command === match, handler, text: match };
}
