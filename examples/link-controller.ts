// The example controller: knows its nodes and their instances, hands requests on, and tells controls what happens.

import { Communicator, serviceLogger } from 'ed-communicator';
import type { LinkPeer, LinkServer } from 'ed-communicator/link';
import { linkServer, serveControls } from 'ed-communicator/link';
import { commandLine, exitCodes, milliseconds, packageVersion, runProgram, secretOf } from '../tools/command-line.ts';
import { definitions, instanceOutput, instanceStatus, requests } from './link-definitions.ts';

const program = {
  name: 'link-controller',
  summary: 'The example controller: nodes and controls register with it.',
  options: {
    listen: { type: 'string', default: 'ws://127.0.0.1:8080', describe: 'Address for nodes and controls' },
    dialect: { choices: ['both', 'session', 'seed'], default: 'both', describe: 'Dialects to speak' },
    'secret-file': { type: 'string', describe: 'A file with a secret (or ED_LINK_SECRET): then tokens are needed' },
    'session-timeout': { type: 'string', default: '60', describe: 'How long who is away is waited for, in seconds' },
    trace: { type: 'boolean', default: false, describe: 'Log more' },
    'log-file': { type: 'string', describe: 'Log into this file too, one JSON object a line' },
  },
  examples: [
    ['$0', 'Serve on ws://127.0.0.1:8080/api/socket'],
    ['$0 --listen 127.0.0.1:0', 'On a port that is free; the log says which one'],
    ['openssl rand -base64 32 > secret.txt; $0 --secret-file secret.txt', 'Only who has a token may register'],
  ],
} as const;

/** Peers that do not leave by themselves are waited for so long, in ms. */
const patience = 2_000;

async function main(): Promise<number> {
  const options = await commandLine(program, process.argv.slice(2));
  if (options === undefined) return exitCodes.done;
  const { listen, dialect, trace, 'log-file': file, 'secret-file': secretFile } = options;
  const secret = secretOf(secretFile);
  const timeout = milliseconds('session-timeout', options['session-timeout']);
  const logger = await serviceLogger({ name: 'controller', level: trace ? 'trace' : 'info', file });
  logger.log('info', `version ${packageVersion}, process ${process.pid}`);
  if (secret !== undefined) {
    const how = `ed-link token${secretFile === undefined ? '' : ` --secret-file ${secretFile}`}`;
    logger.log('info', `for a token: ${how}; for one of node 1: ${how} --role node --id 1`);
  }

  const places = new Map<number, LinkPeer>(); // where each instance runs
  const locate = (instance: number) => places.get(instance)?.id;
  const controller = linkServer(listen, { definitions, dialect, secret, locate, session: { timeout } });
  serve(controller, places);

  const log = (what: string, { name, registration, remote }: LinkPeer, reason?: Error): void => {
    logger.log('info', `${registration.role} ${name} ${what}`, { id: registration.id, remote, reason });
  };
  controller.on('drop', (peer, reason) => log('has lost its link', peer, reason));
  controller.on('resume', peer => log('is back', peer));
  controller.on('leave', (peer, reason) => log('has left', peer, reason));

  const communicator = new Communicator({ logger });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) communicator.signal(signal, () => communicator.stop(patience));
  communicator.add(controller);
  const ended = await communicator.run(); // resolves when nothing is left to wait for
  return ended ? exitCodes.done : exitCodes.failed;
}

/** What the controller does for its nodes and controls. */
function serve(controller: LinkServer, places: Map<number, LinkPeer>): void {
  const running = (node: LinkPeer): number[] => [...places].flatMap(([id, at]) => (at === node ? [id] : []));
  const controls = serveControls(controller, { requests, describe: node => ({ instances: running(node) }) });

  controller.handle(instanceStatus, (data, node) => {
    if (data.status === 'running') places.set(data.instance_id, node);
    else places.delete(data.instance_id);
    controls.tell(node, instanceStatus, data);
  });
  controller.handle(instanceOutput, (data, node) => controls.tell(node, instanceOutput, data));
  controller.on('leave', node => {
    for (const instance of running(node)) places.delete(instance);
  });
}

await runProgram(program.name, main);
