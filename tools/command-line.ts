// What every program here shares: options from the command line, from environment variables and from a file, in
// this order of weight; --help and --version; shell completion; one clear line for an error, and an exit code.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Argv, InferredOptionTypes, Options } from 'yargs';
import yargs from 'yargs';
import { UsageError } from '../lib/base/errors.ts';

/** 0 done, 1 failed, 2 the command line (or the config file) is wrong. */
export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

export interface Program<O extends Record<string, Options>> {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** A bare argument: its name, and what it says. */
  readonly bare?: { readonly name: keyof O & string; readonly describe: string };
  readonly options: O;
  readonly examples: readonly (readonly [command: string, what: string])[];
  /** Lines on its exit codes. @default what `exitCodes` says */
  readonly exits?: readonly string[];
}

/** One of the things that a tool does, said by its first word. */
export interface Command<O extends Record<string, Options>> {
  /** Its name and its words, as yargs takes them: `send <node> <request> [data]`, `[more..]` for any number. */
  readonly usage: string;
  /** One sentence. */
  readonly summary: string;
  /** What each of its words says. */
  readonly words?: { readonly [word: string]: string };
  readonly options: O;
  readonly examples: readonly (readonly [command: string, what: string])[];
}

/** A program of several commands. */
export interface Tool<C extends Record<string, Command<Record<string, Options>>>> {
  readonly name: string;
  readonly summary: string;
  readonly commands: C;
}

/** A command with its words and options. */
export type Call<C extends Record<string, Command<Record<string, Options>>>> = {
  [K in keyof C & string]: {
    readonly command: K;
    readonly options: InferredOptionTypes<C[K]['options']> & {
      readonly [W in keyof C[K]['words'] & string]: C[K]['usage'] extends `${string}[${W}..]${string}`
        ? readonly string[] | undefined
        : string | undefined;
    };
  };
}[keyof C & string];

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
  const { name, summary, bare, options, examples, exits } = program;
  const usage = bare === undefined ? '$0' : `$0 [${bare.name}]`;
  const parser = yargs().command(usage, summary, command =>
    bare === undefined ? command : command.positional(bare.name, { type: 'string', describe: bare.describe }),
  );
  addOptions(parser, name, options, examples);
  return (await parsed(parser, { name, usage, options, exits }, words)) as InferredOptionTypes<O> | undefined;
}

/**
 * The command of this call with its options; undefined where help, the version or a completion was asked for and printed.
 * @throws UsageError for a wrong command line
 */
async function commandOf<C extends Record<string, Command<Record<string, Options>>>>(
  { name, summary, commands }: Tool<C>,
  words: readonly string[],
): Promise<Call<C> | undefined> {
  const command = words.find(word => Object.hasOwn(commands, word));
  const { options, usage } = commands[command ?? ''] ?? { options: {}, usage: '' };
  const parser = yargs()
    .usage(`$0: ${summary}`)
    .demandCommand(1, `say what to do: ${Object.keys(commands).join(', ')}`);
  for (const { usage, summary, words = {}, options, examples } of Object.values(commands)) {
    parser.command(usage, summary, builder => {
      addOptions(builder, name, options, examples).epilogue(epilogue(name, options));
      for (const [word, describe] of Object.entries(words)) builder.positional(word, { type: 'string', describe });
    });
  }
  const found = await parsed(parser, { name, usage, options }, words);
  return found && ({ command, options: found } as Call<C>);
}

function addOptions(
  parser: Argv,
  name: string,
  options: Record<string, Options>,
  examples: readonly (readonly [command: string, what: string])[],
): Argv {
  return parser
    .options(withEnvironment(name, options))
    .requiresArg(Object.keys(options).filter(option => options[option]?.type === 'string'))
    .example(examples.map(([call, what]) => [call, what]));
}

interface Wanted {
  readonly name: string;
  readonly usage: string;
  readonly options: Record<string, Options>;
  readonly exits?: readonly string[] | undefined;
}

/** Adds what all have in common, and parses; usage and options are those of this call. */
async function parsed(
  parser: Argv,
  { name, usage, options, exits }: Wanted,
  words: readonly string[],
): Promise<Record<string, unknown> | undefined> {
  parser
    .scriptName(name)
    .config('config', 'A JSON file with options', path => readConfig(path, options))
    .completion('completion', 'Print a script for completion in the shell')
    .epilogue(epilogue(name, options, exits))
    .version(version)
    .strictCommands()
    .strict()
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((text, error) => {
      const missing = text?.startsWith('Not enough non-option arguments')
        ? `a word is missing: ${name} ${usage}`
        : text;
      throw error instanceof UsageError ? error : wrong((missing || error.message).replace(/\s*\n\s*/g, ' '));
    });
  if (words[0] === 'completion') {
    parser.showCompletionScript();
    return undefined;
  }
  const found: Record<string, unknown> = await parser.parseAsync([...words]);
  if (found.help === true || found.version === true || words.includes('--get-yargs-completions')) return undefined;
  refuseTwice(options, found);
  return found;
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
    const wrongUse = error instanceof UsageError && error.code !== 'MISSING_PACKAGE';
    const text = error instanceof Error ? error.message : String(error);
    const advice = wrongUse ? ` (see ${name} --help)` : '';
    process.stderr.write(`${name}: ${text}${advice}\n`);
    process.exit(wrongUse ? exitCodes.usage : exitCodes.failed);
  }
}

/** Runs the command of a tool that this call asks for, as `runProgram` does. */
export function runTool<C extends Record<string, Command<Record<string, Options>>>>(
  tool: Tool<C>,
  run: (call: Call<C>) => Promise<number>,
): Promise<void> {
  return runProgram(tool.name, async () => {
    const call = await commandOf(tool, process.argv.slice(2));
    return call === undefined ? exitCodes.done : run(call);
  });
}

/** `--log-file` of `server` may come from ED_SERVER_LOG_FILE. Other ED_ variables are none of its business. */
function withEnvironment<O extends Record<string, Options>>(name: string, options: O): O {
  const entries = Object.entries(options).map(([option, rules]) => {
    const source = variable(name, option);
    const text = process.env[source];
    if (text === undefined) return [option, rules];
    // The help names the source, not the value: it may be a secret.
    return [option, { ...rules, default: fromText(rules, text, source), defaultDescription: `$${source}` }];
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
  const bad = (reason: string): UsageError => wrong(`config file ${path}: ${reason}`);
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw bad((error as Error).message);
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) throw bad('it holds no JSON object');
  for (const [option, value] of Object.entries(found)) {
    const rules = options[option];
    if (rules === undefined) throw bad(`there is no option "${option}"`);
    if (!fits(rules, value)) throw bad(`"${option}" is not of its type`);
  }
  return found as Record<string, unknown>;
}

/** What is wrong with a command line. */
export function wrong(text: string): UsageError {
  return new UsageError('INVALID_VALUE', text);
}

/** A time of an option, in ms: `5` and `0.5` are seconds, `500ms` is not. @throws UsageError */
export function milliseconds(option: string, text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(text) ?? [];
  if (digits !== undefined) return Number(digits) * (unit === 'ms' ? 1 : 1000);
  throw wrong(`--${option} ${text} is no time: write seconds, as 5 or 0.5, or 500ms`);
}

/** A whole number of an option. @throws UsageError */
export function wholeNumber(option: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const number = Number(text);
  if (/^-?\d+$/.test(text) && number >= least && number <= most) return number;
  const range = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`;
  throw wrong(`--${option} ${text} is no whole number ${range}`);
}

/** What a file of an option says, without the line end: a token, a secret. @throws UsageError */
export function textOfFile(option: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw wrong(`--${option} ${path}: ${(error as Error).message}`);
  }
  if (text === '') throw wrong(`--${option} ${path}: it is empty`);
  return text;
}

/** The secret that tokens are made of; undefined where none is given. @throws UsageError */
export function secretOf(path: string | undefined): string | undefined {
  const secret = path === undefined ? process.env.ED_LINK_SECRET : textOfFile('secret-file', path);
  if (secret === undefined || Buffer.from(secret, 'base64').length >= 16) return secret;
  throw wrong('the secret is too short: make one with openssl rand -base64 32');
}

function fits({ type, array, choices }: Options, value: unknown): boolean {
  if (array === true) return Array.isArray(value) && value.every(one => typeof one === 'string');
  if (choices !== undefined) return typeof value === 'string';
  return typeof value === (type ?? 'string');
}

const usualExits = ['0 done, 1 failed (one line on the standard error says why), 2 wrong command line.'];

function epilogue(name: string, options: Record<string, Options>, exits: readonly string[] = usualExits): string {
  const [first = 'config'] = Object.keys(options);
  const example = Object.hasOwn(options, 'trace') ? `${variable(name, 'trace')}=true` : `${variable(name, first)}=…`;
  return [
    `Each option may also come from the environment (${variable(name, 'config').replace(/_CONFIG$/, '_…')},`,
    `such as ${example}) or from the file of --config; the command line wins.`,
    '',
    `Exit codes: ${exits.join('\n')}`,
  ].join('\n');
}
