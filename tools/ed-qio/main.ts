// The first word of ed-qio says what it does; the rest is for that.

import { UsageError } from '../../lib/base/errors.ts';
import { commandLine, exitCodes, runProgram } from '../command-line.ts';

const name = 'ed-qio';
type Command = (words: readonly string[]) => Promise<number>;

/** Loaded when they are asked for. */
const commands = new Map<string, () => Promise<Command>>([
  ['serve', async () => (await import('./serve.ts')).serve],
  ['on', async () => (await import('./on.ts')).on],
  ['send', async () => (await import('./send.ts')).send],
  ['bench', async () => (await import('./bench.ts')).bench],
]);
const known = [...commands.keys()].join(', ');

const program = {
  name,
  summary: 'A server and a client of event paths (QuickIO). Each command has a --help of its own.',
  bare: { name: 'command', describe: known },
  options: { command: { type: 'string', describe: `What to do: ${known}` } },
  examples: [
    ['$0 serve --apps clienttest', 'A server to test clients against'],
    ['$0 on ws://127.0.0.1:55440/ /clienttest/broadcast', 'Print events as they come'],
    ['$0 send ws://127.0.0.1:55440/ /clienttest/echo \'"hello"\' --callback', 'Send one, and print the answer'],
    ['$0 bench ws://127.0.0.1:55440/', 'Time round trips'],
  ],
} as const;

export async function main(): Promise<void> {
  const [word = '', ...rest] = process.argv.slice(2);
  const load = commands.get(word);
  if (load !== undefined) return runProgram(`${name} ${word}`, async () => (await load())(rest));
  await runProgram(name, async () => {
    const given = await commandLine(program, process.argv.slice(2));
    if (given === undefined) return exitCodes.done;
    const what = given.command === undefined ? 'there is no command' : `there is no command "${given.command}"`;
    throw new UsageError('INVALID_VALUE', `${what}: it is one of ${known}`);
  });
}
