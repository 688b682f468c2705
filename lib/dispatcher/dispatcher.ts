// Chooses who handles a message. One dispatcher may serve any number of connections.
//
// Rules stand by priority, and in the order of arrival within one. A message goes along them: a passing rule
// (`observe`) acts and lets the search go on, the first other rule that matches ends it; the catch-all comes last.
// For each command with an exact rule the way along the rules is worked out once and kept in a Map.

import { UsageError } from '../base/errors.ts';
import { refuseUnknown } from '../base/options.ts';
import type { Logger } from '../logging/index.ts';
import { silentLogger } from '../logging/index.ts';
import type { Definitions, MessageDefinition, TextParameters } from '../message/index.ts';
import { Message } from '../message/index.ts';
import type { Correspondent } from './correspondent.ts';
import type { Handler, Match, Predicate, Rule, RuleOptions } from './match.ts';
import { longestKept, makeRule } from './match.ts';
import type { Tracing } from './trace.ts';
import { traceReceived, traceSent } from './trace.ts';

export interface DispatcherOptions {
  /** Logs each message: `true` or 'received' those that come in, 'both' also those sent. @default false */
  readonly trace?: Tracing | undefined;
  /** Logs each rule that is added, at debug. @default false */
  readonly showMatches?: boolean | undefined;
  /** For `showMatches`. @default silent */
  readonly logger?: Logger | undefined;
  /** What messages are checked against, before any rule sees them, and in development when they are sent. @default none */
  readonly definitions?: Definitions | undefined;
}

/** What `dispatch` returns when no rule took the message. */
export const unhandled: unique symbol = Symbol('unhandled');

/** A set of rules to add at once: `dispatcher.use(systemCommands())`. */
export type RulePack = (dispatcher: Dispatcher) => void;

export class Dispatcher {
  readonly #options: DispatcherOptions;
  #rules: Rule[] = [];
  #catchAll: Rule | undefined;
  #ways = new Map<string, readonly Rule[]>();
  #others: readonly Rule[] = [];
  #lastCommand: string | undefined;
  #lastWay: readonly Rule[] = [];

  constructor(options: DispatcherOptions = {}) {
    refuseUnknown('a dispatcher', { trace: 0, showMatches: 0, logger: 0, definitions: 0 }, options);
    this.#options = options;
  }

  /**
   * Adds a rule that ends the search.
   * @throws UsageError DUPLICATE_RULE for a second one of the same exact command, INVALID_NAME, OUT_OF_RANGE
   */
  on<P>(match: MessageDefinition<P>, handler: Handler<P>, options?: RuleOptions): this;
  on(match: string | RegExp | Predicate, handler: Handler, options?: RuleOptions): this;
  on(match: Match, handler: Handler<never>, options: RuleOptions = {}): this {
    return this.#add(makeRule(match, handler as Handler, false, options));
  }

  /** Adds a rule that acts and lets the search go on. @throws UsageError INVALID_NAME, OUT_OF_RANGE */
  observe<P>(match: MessageDefinition<P>, handler: Handler<P>, options?: RuleOptions): this;
  observe(match: string | RegExp | Predicate, handler: Handler, options?: RuleOptions): this;
  observe(match: Match, handler: Handler<never>, options: RuleOptions = {}): this {
    return this.#add(makeRule(match, handler as Handler, true, options));
  }

  /** Sets what happens to messages that no rule took. @throws UsageError DUPLICATE_RULE when called twice. */
  otherwise(handler: Handler): this {
    if (this.#catchAll !== undefined) throw new UsageError('DUPLICATE_RULE', 'there is a catch-all already');
    this.#catchAll = makeRule(() => true, handler, false, { priority: 15 });
    this.#show('everything else');
    return this;
  }

  /** Answers `UNKNOWN command=…` to messages that no rule took. @throws UsageError DUPLICATE_RULE */
  otherwiseUnknown(): this {
    return this.otherwise(answerUnknown);
  }

  /** Adds a set of rules. */
  use(pack: RulePack): this {
    pack(this);
    return this;
  }

  /** Removes the rules with this tag (never the catch-all) and says how many there were. */
  remove(tag: string): number {
    const before = this.#rules.length;
    this.#rules = this.#rules.filter(rule => rule.tag !== tag);
    this.#workOut();
    return before - this.#rules.length;
  }

  /** The commands with an exact rule, sorted: what HELP answers. */
  get commands(): string[] {
    const commands = this.#rules.flatMap(({ command }) => command ?? []);
    return [...new Set(commands)].sort();
  }

  /** The rules in their order, as text for people. */
  get matches(): string[] {
    const rules = this.#rules.map(({ text, priority, passing }) => `${priority} ${text}${passing ? ' (goes on)' : ''}`);
    return this.#catchAll === undefined ? rules : [...rules, 'everything else'];
  }

  /**
   * Runs the handlers of a message. Gives what the handler gave (a promise of all of them where one gave a
   * promise), or `unhandled`. What a handler throws passes through.
   * @throws PeerError INVALID_PARAMETER where the message does not fit its definition
   */
  dispatch(message: Message, connection: Correspondent): unknown {
    const { trace, definitions } = this.#options;
    if (trace) traceReceived(message, connection);
    if (definitions !== undefined) definitions.check(message);
    const way = this.#wayOf(message.command);
    const first = way[0];
    if (way.length === 1 && first?.command !== undefined && !first.passing) return first.handler(message, connection);
    return this.#walk(way, message, connection);
  }

  /**
   * For connections: the message that a program wants to send; a text is a command without parameters.
   * @throws UsageError INVALID_NAME, and INVALID_VALUE in development where it does not fit its definition
   */
  outgoing(message: Message<unknown> | string): Message<unknown> {
    const whole = typeof message === 'string' ? Message.of(message) : message;
    this.#options.definitions?.checkSent(whole);
    return whole;
  }

  /** For connections: logs a message that goes out, where that was asked for. */
  traceSent(message: Message<unknown>, connection: Correspondent): void {
    if (this.#options.trace === 'both') traceSent(message, connection);
  }

  /** The same command often comes many times in a row, and to compare two is cheaper than the Map's hash of one. */
  #wayOf(command: string): readonly Rule[] {
    if (command === this.#lastCommand) return this.#lastWay;
    const way = this.#ways.get(command) ?? this.#others;
    if (command.length <= longestKept) {
      this.#lastCommand = command;
      this.#lastWay = way;
    }
    return way;
  }

  #walk(way: readonly Rule[], message: Message<TextParameters>, connection: Correspondent): unknown {
    let results: unknown[] | undefined;
    for (const rule of way) {
      if (!rule.matches(message)) continue;
      // Most messages have one handler: its result is nobody's else.
      if (results === undefined && !rule.passing) return rule.handler(message, connection);
      results ??= [];
      try {
        results.push(rule.handler(message, connection));
      } catch (error) {
        // This failure is the one that is told; those of observers before it must not end the process.
        for (const result of results) if (result instanceof Promise) result.catch(() => undefined);
        throw error;
      }
      if (!rule.passing) return together(results);
    }
    if (results !== undefined) return together(results);
    return this.#catchAll === undefined ? unhandled : this.#catchAll.handler(message, connection);
  }

  #add(rule: Rule): this {
    const exact = rule.command !== undefined && !rule.passing;
    const taken = this.#rules.find(({ command, passing }) => exact && command === rule.command && !passing);
    if (taken !== undefined && rule.fallback) return this;
    if (taken !== undefined && !taken.fallback) {
      throw new UsageError('DUPLICATE_RULE', `there is a rule for ${rule.command} already; remove it first`);
    }
    this.#rules = this.#rules.filter(one => one !== taken);
    const behind = this.#rules.findIndex(({ priority }) => priority > rule.priority);
    this.#rules.splice(behind < 0 ? this.#rules.length : behind, 0, rule);
    this.#workOut();
    this.#show(rule.text);
    return this;
  }

  #workOut(): void {
    const along = (command?: string): Rule[] => {
      return this.#rules.filter(rule => rule.command === undefined || rule.command === command);
    };
    this.#ways = new Map(this.commands.map(command => [command, along(command)]));
    this.#others = along();
    this.#lastCommand = undefined;
  }

  #show(text: string): void {
    if (this.#options.showMatches) (this.#options.logger ?? silentLogger).log('debug', `rule added: ${text}`);
  }
}

/**
 * Answers UNKNOWN. To an UNKNOWN about UNKNOWN there is no answer: two sides without a rule for it would go on
 * for ever.
 */
export function answerUnknown(message: Message<unknown>, connection: Correspondent): void {
  const { command } = message;
  connection.logger.log('debug', `unknown command ${command}`, { connection: connection.name });
  if (command === 'UNKNOWN' && message.get('command') === 'UNKNOWN') return;
  connection.send(message.reply('UNKNOWN', { command }));
}

function together(results: readonly unknown[]): unknown {
  return results.some(result => result instanceof Promise) ? allOf(results) : results.at(-1);
}

/** Waits for all, also when one fails; then tells the first failure. */
async function allOf(results: readonly unknown[]): Promise<void> {
  const ends = await Promise.allSettled(results);
  const failure = ends.find(end => end.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
