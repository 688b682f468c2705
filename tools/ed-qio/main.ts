// The command line of ed-qio. What a command needs is loaded when it is known which one it is.

import type { Options } from 'yargs';
import { runTool } from '../command-line.ts';

/** How to connect. */
const place = {
  transport: { choices: ['both', 'websocket', 'polling'], default: 'both', describe: 'How to connect' },
  timeout: { type: 'string', default: '5', describe: 'Longest wait for the server, in seconds (or 500ms)' },
  trace: { type: 'boolean', default: false, describe: 'Show each connection and each failed attempt' },
} as const satisfies Record<string, Options>;

const url = 'The server: ws://host:port/ (or wss, http, https)';

const serve = {
  usage: 'serve',
  summary: 'Serve event paths over WebSocket, HTTP polls and raw TCP, on one port.',
  options: {
    apps: { type: 'string', default: 'clienttest', describe: 'Applications, with commas between them: clienttest' },
    port: { type: 'string', default: '55440', describe: 'Port, 0 for any' },
    host: { type: 'string', default: '127.0.0.1', describe: 'Address to listen on' },
    'public-address': { type: 'string', describe: 'Where clients that poll find this server (default: the host)' },
    cors: { type: 'string', describe: "Origins whose pages may poll, with commas between them, or '*'" },
    trace: { type: 'boolean', default: false, describe: 'Log more' },
  },
  examples: [
    ['$0 serve', 'The application /clienttest on port 55440, to test clients against'],
    ["$0 serve --host 0.0.0.0 --public-address test.example --cors '*'", 'For browsers of other machines'],
  ],
} as const;

const on = {
  usage: 'on <url> <path>',
  summary: 'Print the data of each event of a path, as JSON, a line each; come back when the connection is lost.',
  words: { url, path: 'The path to listen to' },
  options: {
    ...place,
    data: { type: 'string', describe: 'JSON that goes with the subscription' },
    count: { alias: 'n', type: 'string', describe: 'End after so many events' },
    json: { type: 'boolean', default: false, describe: 'Print path and data, as one JSON object a line' },
  },
  examples: [
    ['$0 on ws://127.0.0.1:55440/ /clienttest/broadcast --count 3', 'Print three events'],
    ['$0 on ws://127.0.0.1:55440/ /clienttest/on-data --data 123987', 'Say something with the subscription'],
  ],
} as const;

const send = {
  usage: 'send <url> <path> [data]',
  summary: 'Send one event to a path, and see it arrive.',
  words: { url, path: 'The path to send to', data: 'Its data, as JSON (default null)' },
  options: {
    ...place,
    callback: { type: 'boolean', default: false, describe: 'Ask for an answer, and print its data as JSON' },
  },
  examples: [
    [`$0 send ws://127.0.0.1:55440/ /clienttest/echo '{"a":1}' --callback`, 'Print the answer'],
    [`$0 send ws://127.0.0.1:55440/ /chat/say '"hello"'`, 'Send a text'],
  ],
} as const;

const bench = {
  usage: 'bench <url>',
  summary: 'Time round trips: each client sends events at a rate, with callbacks.',
  words: { url },
  options: {
    ...place,
    path: { type: 'string', default: '/qio/ping', describe: 'The path to send to' },
    data: { type: 'string', describe: 'Its data, as JSON (default null)' },
    clients: { type: 'string', default: '10', describe: 'How many clients' },
    rate: { type: 'string', default: '100', describe: 'Events a second of each; 0: each when the last is answered' },
    duration: { type: 'string', default: '5', describe: 'How long, in seconds (or 500ms)' },
    json: { type: 'boolean', default: false, describe: 'Print one JSON object' },
  },
  examples: [['$0 bench ws://127.0.0.1:55440/ --clients 50 --rate 20', '1,000 round trips a second']],
} as const;

const tool = {
  name: 'ed-qio',
  summary: 'a server and a client of event paths (QuickIO).',
  commands: { serve, on, send, bench },
} as const;

export function main(): Promise<void> {
  return runTool(tool, async ({ command, options }) => {
    if (command === 'serve') return (await import('./serve.ts')).serve(options);
    if (command === 'on') return (await import('./on.ts')).on(options);
    if (command === 'send') return (await import('./send.ts')).send(options);
    return (await import('./bench.ts')).bench(options);
  });
}
