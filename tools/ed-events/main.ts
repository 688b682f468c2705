// The command line of ed-events: a verb, and what it needs.

import { UsageError } from '../../lib/base/errors.ts';
import { catalog, usualAddresses } from '../../lib/protocol/events/index.ts';
import { commandLine, exitCodes, runProgram } from '../command-line.ts';
import type { Given } from './verbs.ts';
import { emit, register, serve } from './verbs.ts';

const program = {
  name: 'ed-events',
  summary:
    'serve: run a server. emit NAME [json..]: send an event. register NAME: print it. catalog: list the known names.',
  bare: { name: 'words', describe: 'serve, emit NAME [json..], register NAME, or catalog', many: true },
  options: {
    words: { type: 'string', array: true, hidden: true },
    'emit-address': { type: 'string', default: usualAddresses.emitAddress, describe: 'Where the server takes events' },
    'reg-address': { type: 'string', default: usualAddresses.regAddress, describe: 'Where it publishes them' },
    content: { choices: ['pickle', 'json'], default: 'pickle', describe: 'How emit writes; json is for our own only' },
    count: { alias: 'n', type: 'string', describe: 'register ends after so many events' },
    json: { type: 'boolean', default: false, describe: 'register prints one JSON object a line' },
    timeout: { type: 'string', default: '10', describe: 'How long emit tries to reach the server, in seconds' },
    curve: { type: 'boolean', describe: 'CURVE keys (default: where an address is no loopback)' },
    keys: { type: 'string', describe: 'Folder of the keys (default: that of LEAP)' },
    insecure: { type: 'boolean', default: false, describe: 'serve on a public address without keys' },
  },
  examples: [
    ['$0 serve', 'Run a server, or stand by for the one that runs'],
    [`$0 emit CLIENT_UID '"user@example.org"' 3`, 'Send an event with a text and a number'],
    ['$0 register CLIENT_UID --count 1 --json', 'Wait for one, and print it'],
  ],
} as const;

export async function main(): Promise<void> {
  await runProgram(program.name, async () => {
    const given = await commandLine(program, process.argv.slice(2));
    if (given === undefined) return exitCodes.done;
    const [verb, ...words] = given.words ?? [];
    return run(verb, words.map(String), given);
  });
}

async function run(verb: string | undefined, words: readonly string[], given: Given): Promise<number> {
  const [name, ...more] = words;
  if (verb === 'catalog' || verb === 'serve') {
    if (name !== undefined) throw wrong(`${verb} takes no words`);
    if (verb === 'serve') return serve(given);
    process.stdout.write(`${Object.keys(catalog).join('\n')}\n`);
    return exitCodes.done;
  }
  if (verb !== 'emit' && verb !== 'register') throw wrong('say serve, emit NAME, register NAME or catalog');
  if (name === undefined) throw wrong(`${verb} needs the name of an event`);
  if (verb === 'emit') return emit(given, name, more.map(jsonValue));
  if (more.length > 0) throw wrong('register takes one name');
  return register(given, name);
}

/** JSON, where long integers stay what they are. */
function jsonValue(word: string): unknown {
  if (/^-?\d{16,}$/.test(word)) {
    const exact = BigInt(word);
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
  }
  try {
    return JSON.parse(word);
  } catch {
    throw wrong(`${word} is no JSON: texts stand in quotes, '"so"'`);
  }
}

function wrong(text: string): UsageError {
  return new UsageError('INVALID_VALUE', text);
}
