// The command line of ed-link. What a command needs is loaded when it is known which one it is.

import type { Options } from 'yargs';
import { exitCodes, runTool } from '../command-line.ts';

const defaultAddress = 'ws://127.0.0.1:8080';

/** Where the controller is, and how to talk to it. */
const place = {
  address: { alias: 'a', type: 'string', default: defaultAddress, describe: 'Address of the controller' },
  token: {
    type: 'string',
    describe: 'Token, if one is needed (others can see it here: better use the next, or ED_LINK_TOKEN)',
  },
  'token-file': { type: 'string', describe: 'A file with the token' },
  dialect: { choices: ['session', 'seed'], default: 'session', describe: 'Dialect to speak' },
  trace: { type: 'boolean', default: false, describe: 'Show what happens to the link' },
} as const satisfies Record<string, Options>;

const timeout = { type: 'string', default: '5', describe: 'Longest time for all, in seconds (or 500ms)' } as const;
const json = { type: 'boolean', default: false, describe: 'JSON on one line' } as const;

const list = {
  usage: 'list',
  summary: 'Show the nodes of a controller.',
  options: { ...place, timeout, json },
  examples: [
    ['$0 list', `Ask the controller on ${defaultAddress}`],
    ['$0 list --address wss://example.org --token-file token.txt', 'Ask another one'],
    ['$0 list --json | jq -r ".[].name"', 'The names alone'],
  ],
} as const;

const send = {
  usage: 'send <node> <request> [data]',
  summary: 'Send a request to a node, and print its answer.',
  words: {
    node: 'Id or name of the node',
    request: 'Name of the request, as its definition has it',
    data: 'What it carries: a JSON object (default {})',
  },
  options: {
    ...place,
    timeout: { ...timeout, describe: 'Longest time for all, in seconds (or 500ms); a controller waits 60 s at most' },
    json,
  },
  examples: [
    ['$0 send 1 report_load', 'A request without data'],
    [`$0 send alpha start_instance '{"instance_id": 7}'`, 'A node by its name, a request with data'],
  ],
} as const;

const watch = {
  usage: 'watch',
  summary: 'Show what happens: nodes that come, go and come back, and what they say.',
  options: {
    ...place,
    json: { ...json, describe: 'One JSON object a line' },
    count: { alias: 'n', type: 'string', describe: 'End after so many lines' },
  },
  examples: [
    ['$0 watch', 'Until Ctrl-C; goes on when the controller was away'],
    ['$0 watch --json --count 10', 'Ten lines for a program'],
  ],
} as const;

const token = {
  usage: 'token',
  summary: 'Make a token that a controller with the same secret accepts.',
  options: {
    'secret-file': { type: 'string', describe: 'The file with the secret (or ED_LINK_SECRET)' },
    role: { choices: ['control', 'node'], default: 'control', describe: 'For whom' },
    id: { type: 'string', describe: 'Id of the node' },
    user: { type: 'string', default: 'control', describe: 'Name of the user of a control' },
    valid: { type: 'string', default: '365', describe: 'How many days it is valid' },
    dialect: place.dialect,
  },
  examples: [
    ['openssl rand -base64 32 > secret.txt', 'Make a secret'],
    ['$0 token --secret-file secret.txt > token.txt', 'A token for this program'],
    ['$0 token --secret-file secret.txt --role node --id 1', 'A token for node 1'],
  ],
} as const;

const tool = {
  name: 'ed-link',
  summary: 'look at the nodes of a controller, and talk to them.',
  commands: { list, send, watch, token },
} as const;

export function main(): Promise<void> {
  return runTool(tool, async ({ command, options }) => {
    if (command === 'list') await (await import('./list.ts')).list(options);
    else if (command === 'send') await (await import('./send.ts')).send(options);
    else if (command === 'watch') await (await import('./watch.ts')).watch(options);
    else await (await import('./token.ts')).token(options);
    return exitCodes.done;
  });
}
