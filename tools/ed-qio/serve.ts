// ed-qio serve: a server with applications of ours.

import { Communicator } from '../../lib/communicator/index.ts';
import { serviceLogger } from '../../lib/logging/index.ts';
import type { QioApp } from '../../lib/protocol/qio/index.ts';
import { clienttest, qioServer } from '../../lib/protocol/qio/index.ts';
import { exitCodes, wholeNumber, wrong } from '../command-line.ts';

const apps = new Map<string, () => QioApp>([['clienttest', clienttest]]);

export interface Given {
  readonly apps: string;
  readonly port: string;
  readonly host: string;
  readonly 'public-address': string | undefined;
  readonly cors: string | undefined;
  readonly trace: boolean;
}

/** Clients that do not read are not waited for any longer, in ms. */
const patience = 800;

export async function serve(given: Given): Promise<number> {
  const { host, cors, 'public-address': publicAddress = host } = given;
  const port = wholeNumber('port', given.port, 0, 65_535);
  const chosen = given.apps.split(',').map(appOf);
  const logger = await serviceLogger({ name: 'ed-qio', level: given.trace ? 'debug' : 'info' });
  const communicator = new Communicator({ logger });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) communicator.signal(signal, () => communicator.stop(patience));
  const origins = cors === '*' ? '*' : cors?.split(',');
  const server = qioServer(`any://${host.includes(':') ? `[${host}]` : host}:${port}`, {
    apps: chosen.map(make => make()),
    web: { publicAddress, cors: origins },
  });
  communicator.add(server);
  const ended = await communicator.run();
  return ended ? exitCodes.done : exitCodes.failed;
}

function appOf(name: string): () => QioApp {
  const app = apps.get(name);
  if (app === undefined) throw wrong(`there is no application "${name}" (there is ${[...apps.keys()].join(', ')})`);
  return app;
}
