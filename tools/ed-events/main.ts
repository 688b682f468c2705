// The command line of ed-events. What a command needs is loaded when it is known which one it is.

import type { Options } from 'yargs';
import { runTool, wrong } from '../command-line.ts';

/** Where the server is, and its keys. */
const place = {
  // Those of protocol/events/definitions: a test compares them.
  'emit-address': { type: 'string', default: 'tcp://127.0.0.1:9000', describe: 'Where the server takes events' },
  'reg-address': { type: 'string', default: 'tcp://127.0.0.1:9001', describe: 'Where it publishes them' },
  curve: { type: 'boolean', describe: 'CURVE keys (default: where an address is no loopback)' },
  keys: { type: 'string', describe: 'Folder of the keys (default: that of LEAP)' },
} as const satisfies Record<string, Options>;

const content = {
  content: { choices: ['pickle', 'json'], default: 'pickle', describe: 'How emit writes; json is for our own only' },
} as const;

const serve = {
  usage: 'serve',
  summary: 'Run a server, or stand by for the one that runs.',
  options: {
    ...place,
    insecure: { type: 'boolean', default: false, describe: 'On a public address without keys' },
  },
  examples: [['$0 serve', 'On the usual addresses']],
} as const;

const emit = {
  usage: 'emit <name> [json..]',
  summary: 'Send an event, and see it arrive at the server.',
  words: { name: 'Name of the event', json: 'What it carries, each a JSON value' },
  options: {
    ...place,
    ...content,
    timeout: { type: 'string', default: '10', describe: 'How long to try, in seconds (or 500ms)' },
  },
  examples: [[`$0 emit CLIENT_UID '"user@example.org"' 3`, 'An event with a text and a number']],
} as const;

const register = {
  usage: 'register <name>',
  summary: 'Print an event each time it comes.',
  words: { name: 'Name of the event' },
  options: {
    ...place,
    count: { alias: 'n', type: 'string', describe: 'End after so many events' },
    json: { type: 'boolean', default: false, describe: 'Print one JSON object a line' },
  },
  examples: [['$0 register CLIENT_UID --count 1 --json', 'Wait for one, and print it']],
} as const;

const catalog = {
  usage: 'catalog',
  summary: 'List the known names.',
  options: {},
  examples: [['$0 catalog | grep MAIL', 'Those of mail']],
} as const;

const tool = {
  name: 'ed-events',
  summary: 'emit and register for events over ZeroMQ (LEAP).',
  commands: { serve, emit, register, catalog },
} as const;

export function main(): Promise<void> {
  return runTool(tool, async call => {
    const verbs = await import('./verbs.ts');
    if (call.command === 'serve') return verbs.serve(call.options);
    if (call.command === 'emit') return verbs.emit(call.options, (call.options.json ?? []).map(jsonValue));
    if (call.command === 'register') return verbs.register(call.options);
    return verbs.list();
  });
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
