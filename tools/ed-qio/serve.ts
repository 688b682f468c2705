// ed-qio serve: a server with applications of ours.

import { Communicator } from '../../lib/communicator/index.ts';
import { serviceLogger } from '../../lib/logging/index.ts';
import { clientScript } from '../../lib/protocol/qio/client-script.ts';
import type { QioApp } from '../../lib/protocol/qio/index.ts';
import { clienttest, qioServer } from '../../lib/protocol/qio/index.ts';
import { commandLine, exitCodes, wrong } from '../command-line.ts';
import { readNumber } from './connect.ts';

const apps = new Map<string, () => QioApp>([['clienttest', clienttest]]);
const known = [...apps.keys()].join(', ');

const program = {
  name: 'ed-qio serve',
  summary: 'Serve event paths over WebSocket, HTTP polls and raw TCP, on one port.',
  options: {
    apps: { type: 'string', default: 'clienttest', describe: `Applications, with commas between them: ${known}` },
    port: { type: 'string', default: '55440', describe: 'Port, 0 for any' },
    host: { type: 'string', default: '127.0.0.1', describe: 'Address to listen on' },
    'public-address': { type: 'string', describe: 'Where clients that poll find this server (default: the host)' },
    cors: { type: 'string', describe: "Origins whose pages may poll, with commas between them, or '*'" },
    trace: { type: 'boolean', default: false, describe: 'Log more' },
  },
  examples: [
    ['$0', 'The application /clienttest on port 55440, to test clients against'],
    ["$0 --host 0.0.0.0 --public-address test.example --cors '*'", 'For browsers of other machines'],
  ],
} as const;

/** Clients that do not read are not waited for any longer, in ms. */
const patience = 800;

export async function serve(words: readonly string[]): Promise<number> {
  const given = await commandLine(program, words);
  if (given === undefined) return exitCodes.done;
  const { host, cors, 'public-address': publicAddress = host } = given;
  const port = readNumber('port', given.port, 0, 65_535);
  const chosen = given.apps.split(',').map(appOf);
  const logger = await serviceLogger({ name: 'ed-qio', level: given.trace ? 'debug' : 'info' });
  const communicator = new Communicator({ logger });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) communicator.signal(signal, () => communicator.stop(patience));
  const origins = cors === '*' ? '*' : cors?.split(',');
  const server = qioServer(`any://${host.includes(':') ? `[${host}]` : host}:${port}`, {
    apps: chosen.map(make => make()),
    web: { publicAddress, cors: origins, script: clientScript },
  });
  communicator.add(server);
  const ended = await communicator.run();
  return ended ? exitCodes.done : exitCodes.failed;
}

function appOf(name: string): () => QioApp {
  const app = apps.get(name);
  if (app === undefined) throw wrong(`there is no application "${name}" (there is ${known})`);
  return app;
}
