// What every program here shares: options from the command line, from environment variables and from a file, in
// this order of weight; --help and --version; shell completion; one clear line for an error, and an exit code.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { InferredOptionTypes, Options } from 'yargs';
import yargs from 'yargs';
import { UsageError } from '../lib/base/errors.ts';

/** 0 done, 1 failed, 2 the command line (or the config file) is wrong. */
export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

export interface Program<O extends Record<string, Options>> {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** A bare argument, or `many` of them: its name, and what it says. */
  readonly bare?: { readonly name: keyof O & string; readonly describe: string; readonly many?: true };
  readonly options: O;
  readonly examples: readonly (readonly [command: string, what: string])[];
}

const { version } = createRequire(import.meta.url)('ed-communicator/package.json') as { version: string };
export const packageVersion: string = version;

/**
 * The options of this call; undefined where help, the version or a completion was asked for and printed.
 * @throws UsageError for a wrong command line
 */
export async function commandLine<O extends Record<string, Options>>(
  program: Program<O>,
  words: readonly string[],
): Promise<InferredOptionTypes<O> | undefined> {
  const { name, summary, bare, options, examples } = program;
  const usage = bare === undefined ? '$0' : `$0 [${bare.name}${bare.many === true ? '..' : ''}]`;
  const parser = yargs()
    .scriptName(name)
    .command(usage, summary, command =>
      bare === undefined ? command : command.positional(bare.name, { type: 'string', describe: bare.describe }),
    )
    .options(withEnvironment(name, options))
    .requiresArg(Object.keys(options).filter(option => options[option]?.type === 'string'))
    .config('config', 'A JSON file with options', path => readConfig(path, options))
    .example(examples.map(([command, what]) => [command, what]))
    .completion('completion', 'Print a script for completion in the shell')
    .epilogue(epilogue(name))
    .version(version)
    .strict()
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((text, error) => {
      throw error instanceof UsageError ? error : new UsageError('INVALID_VALUE', text || error.message);
    });
  if (words[0] === 'completion') {
    parser.showCompletionScript();
    return undefined;
  }
  const parsed: Record<string, unknown> = await parser.parseAsync([...words]);
  if (parsed.help === true || parsed.version === true || words.includes('--get-yargs-completions')) return undefined;
  refuseTwice(options, parsed);
  return parsed as InferredOptionTypes<O>;
}

function refuseTwice(options: Record<string, Options>, parsed: Record<string, unknown>): void {
  for (const [option, { array }] of Object.entries(options)) {
    if (array === true || !Array.isArray(parsed[option])) continue;
    throw new UsageError('INVALID_VALUE', `--${option} is given twice`);
  }
}

/**
 * Runs a program to its exit code, and says in one line what went wrong. A failed program ends at once, whatever
 * it had opened before.
 */
export async function runProgram(name: string, main: () => Promise<number>): Promise<void> {
  // Whoever read our output may go away; that is no reason to end.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    process.exitCode = await main();
  } catch (error) {
    const wrongUse = error instanceof UsageError;
    const text = error instanceof Error ? error.message : String(error);
    const advice = wrongUse ? ` (see ${name} --help)` : '';
    process.stderr.write(`${name}: ${text}${advice}\n`);
    process.exit(wrongUse ? exitCodes.usage : exitCodes.failed);
  }
}

/** `--log-file` of `server` may come from ED_SERVER_LOG_FILE. Other ED_ variables are none of its business. */
function withEnvironment<O extends Record<string, Options>>(name: string, options: O): O {
  const entries = Object.entries(options).map(([option, rules]) => {
    const text = process.env[variable(name, option)];
    return [option, text === undefined ? rules : { ...rules, default: fromText(rules, text, variable(name, option)) }];
  });
  return Object.fromEntries(entries) as O;
}

function fromText({ type, array }: Options, text: string, source: string): unknown {
  if (type !== 'boolean') return array === true ? text.split(' ') : text;
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new UsageError('INVALID_VALUE', `${source} is "${text}", it must be true or false`);
}

function variable(name: string, option: string): string {
  const prefix = name.startsWith('ed-') ? name : `ed-${name}`;
  return `${prefix}-${option}`.toUpperCase().replaceAll('-', '_');
}

function readConfig(path: string, options: Record<string, Options>): Record<string, unknown> {
  const wrong = (reason: string): UsageError => new UsageError('INVALID_VALUE', `config file ${path}: ${reason}`);
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw wrong((error as Error).message);
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) throw wrong('it holds no JSON object');
  for (const [option, value] of Object.entries(found)) {
    const rules = options[option];
    if (rules === undefined) throw wrong(`there is no option "${option}"`);
    if (!fits(rules, value)) throw wrong(`"${option}" is not of its type`);
  }
  return found as Record<string, unknown>;
}

function fits({ type, array, choices }: Options, value: unknown): boolean {
  if (array === true) return Array.isArray(value) && value.every(one => typeof one === 'string');
  if (choices !== undefined) return typeof value === 'string';
  return typeof value === (type ?? 'string');
}

function epilogue(name: string): string {
  return [
    `Each option may also come from the environment (${variable(name, 'config').replace(/_CONFIG$/, '_…')},`,
    `such as ${variable(name, 'trace')}=true) or from the file of --config; the command line wins.`,
    '',
    'Exit codes: 0 done, 1 failed (one line on the standard error says why), 2 wrong command line.',
  ].join('\n');
}
