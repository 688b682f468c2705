// An example node: runs instances, which say a line now and then, and comes back to its controller for ever. Its
// instances go on while the controller is away; what they say then is kept for the session, and lost without one.

import { loadavg } from 'node:os';
import type { Timer } from 'ed-communicator';
import { Communicator, PeerError, serviceLogger } from 'ed-communicator';
import type { LinkClient, LinkInstance } from 'ed-communicator/link';
import { linkClient } from 'ed-communicator/link';
import {
  commandLine,
  exitCodes,
  milliseconds,
  packageVersion,
  runProgram,
  textOfFile,
  wholeNumber,
} from '../tools/command-line.ts';
import {
  definitions,
  greet,
  instanceOutput,
  instanceStatus,
  reportLoad,
  startInstance,
  stopInstance,
} from './link-definitions.ts';

const program = {
  name: 'link-node',
  summary: 'An example node: runs instances for the example controller.',
  options: {
    id: { type: 'string', default: '1', describe: 'A whole number that no other node has' },
    name: { type: 'string', describe: 'Its name (default node-ID)' },
    controller: { type: 'string', default: 'ws://127.0.0.1:8080', describe: 'Address of the controller' },
    'token-file': { type: 'string', describe: 'A file with the token, where the controller asks for one' },
    dialect: { choices: ['session', 'seed'], default: 'session', describe: 'Dialect to speak' },
    every: { type: 'string', default: '2', describe: 'An instance says a line every so many seconds (or 500ms)' },
    trace: { type: 'boolean', default: false, describe: 'Log more' },
    'log-file': { type: 'string', describe: 'Log into this file too, one JSON object a line' },
  },
  examples: [
    ['$0 --id 1 --name alpha', 'A node of the controller on ws://127.0.0.1:8080'],
    ['$0 --id 2 --name beta', 'Another one'],
  ],
} as const;

/** A controller that does not say goodbye is waited for so long, in ms. */
const patience = 2_000;

async function main(): Promise<number> {
  const options = await commandLine(program, process.argv.slice(2));
  if (options === undefined) return exitCodes.done;
  const {
    name = `node-${options.id}`,
    controller,
    dialect,
    trace,
    'log-file': file,
    'token-file': tokenFile,
  } = options;
  const every = milliseconds('every', options.every);
  const node = linkClient(controller, {
    role: 'node',
    id: wholeNumber('id', options.id, 0),
    name,
    token: tokenFile === undefined ? undefined : textOfFile('token-file', tokenFile),
    dialect,
    definitions,
  });
  const logger = await serviceLogger({ name, level: trace ? 'trace' : 'info', file });
  logger.log('info', `version ${packageVersion}, process ${process.pid}`);
  const communicator = new Communicator({ logger });
  serve(node, communicator, every);

  let failure: Error | undefined;
  node.on('drop', reason => logger.log('warn', `the controller is away: ${reason.message}`));
  node.on('close', reason => {
    if (reason === undefined) return; // a stop was asked for, and is under way
    failure = reason; // a wrong token, or another node has our id
    void communicator.stop(patience);
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) communicator.signal(signal, () => communicator.stop(patience));
  communicator.add(node);
  const ended = await communicator.run(); // resolves when nothing is left to wait for
  if (failure !== undefined) throw failure;
  return ended ? exitCodes.done : exitCodes.failed;
}

interface Running {
  readonly instance: LinkInstance;
  readonly timer: Timer;
}

/** Begins an instance: it answers greetings, and says a line every so many ms. */
function begin(id: number, node: LinkClient, communicator: Communicator, every: number): Running {
  const instance = node.instance(id);
  const speak = (line: string): void => {
    node.log('info', `instance ${id}: ${line}`);
    instance.send(instanceOutput, { instance_id: id, line });
  };
  instance.handle(greet, data => {
    speak(`${data.name} is here`);
    return { greeting: `Hello ${data.name}, this is instance ${id} on ${node.name}` };
  });
  let lines = 0;
  const timer = communicator.timer({ every }, () => {
    lines += 1;
    speak(`line ${lines}`);
  });
  return { instance, timer };
}

/** What the node does for its controller. */
function serve(node: LinkClient, communicator: Communicator, every: number): void {
  const instances = new Map<number, Running>();
  const running = () => ({ running: [...instances.keys()] });
  const tell = (id: number, status: 'running' | 'stopped'): void =>
    node.send(instanceStatus, { instance_id: id, status });

  node.handle(startInstance, ({ instance_id: id }) => {
    if (instances.has(id)) throw new PeerError('REQUEST_FAILED', `instance ${id} runs already`);
    instances.set(id, begin(id, node, communicator, every));
    tell(id, 'running');
    return running();
  });
  node.handle(stopInstance, ({ instance_id: id }) => {
    const found = instances.get(id);
    if (found === undefined) throw new PeerError('REQUEST_FAILED', `instance ${id} does not run`);
    instances.delete(id);
    communicator.remove(found.timer);
    found.instance.close();
    tell(id, 'stopped');
    return running();
  });
  node.handle(reportLoad, () => {
    const megabytes = Math.round(process.memoryUsage.rss() / 2 ** 20);
    const seconds = Math.round(process.uptime());
    return { load: loadavg()[0] ?? 0, megabytes, seconds, instances: instances.size };
  });
  // A controller that was started again knows of no instance.
  node.on('connect', () => {
    for (const id of instances.keys()) tell(id, 'running');
  });
}

await runProgram(program.name, main);
