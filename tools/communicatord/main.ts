// The command line of communicatord.

import { readFileSync } from 'node:fs';
import type { AccessOptions } from '../../lib/broker/index.ts';
import { Broker } from '../../lib/broker/index.ts';
import type { StreamTransports } from '../../lib/index.ts';
import { Communicator, serviceLogger, tls, UsageError, unix } from '../../lib/index.ts';
import { brokerAddress } from '../../lib/protocol/service/index.ts';
import { commandLine, exitCodes, packageVersion, runProgram, wholeNumber, wrong } from '../command-line.ts';
import { clusterOf, clusterOptions } from './cluster.ts';

const unixDefault = brokerAddress.unix.slice('unix:'.length);

const program = {
  name: 'communicatord',
  summary: 'The broker of this machine: services register with it, and find each other through it.',
  options: {
    unix: {
      type: 'string',
      default: unixDefault,
      describe: 'Path of its socket; "none" for no socket',
    },
    'unix-mode': { type: 'string', default: '660', describe: 'Rights of the socket, octal' },
    'unix-group': { type: 'string', describe: 'Group of the socket' },
    tcp: { type: 'string', default: '127.0.0.1:4040', describe: 'TCP address for this machine; "none" for none' },
    signal: { type: 'string', default: '127.0.0.1:4041', describe: 'UDP address for signals; "none" for none' },
    tls: { type: 'string', describe: 'TLS address for others, 0.0.0.0:4043 say' },
    certificate: { type: 'string', describe: 'PEM file with the certificate for TLS' },
    'private-key': { type: 'string', describe: 'PEM file with its key' },
    'client-authority': {
      type: 'string',
      describe: 'PEM file: client certificates of this authority show who a user is',
    },
    'server-name': { type: 'string', describe: 'Name of this server in addresses (default: the host name)' },
    'data-path': { type: 'string', describe: 'Folder for messages to absent services, through a restart' },
    services: {
      type: 'string',
      describe: 'Names of services to keep messages for before they first come, with commas',
    },
    access: {
      type: 'string',
      describe: 'JSON file: {"users": {"NAME": {"secret": "…", "may": ["control"]}}, "local": ["register", "send"]}',
    },
    ...clusterOptions,
    'max-connections': { type: 'string', default: '10000', describe: 'Connections at one address' },
    level: {
      choices: ['error', 'warn', 'info', 'debug', 'trace'],
      default: 'info',
      describe: 'Finest severity in the log',
    },
    'log-file': { type: 'string', describe: 'Log into this file too, one JSON object a line' },
  },
  examples: [
    ['$0', `Serve on ${brokerAddress.unix}, ${brokerAddress.tcp} and ${brokerAddress.udp}`],
    ['$0 --unix none --tcp 127.0.0.1:0 --signal none', "One port, of the system's choice"],
    ['$0 --cluster nats://one:4222,nats://two:4222', 'With the brokers of other machines'],
    [
      '$0 --cluster tls://one:4222 --cluster-user broker --cluster-password-file password',
      'Where NATS asks who we are',
    ],
    ['$0 --tls 0.0.0.0:4043 --certificate a.pem --private-key a.key --access access.json', 'For other machines too'],
  ],
} as const;

type Options = NonNullable<Awaited<ReturnType<typeof options>>>;
const options = () => commandLine(program, process.argv.slice(2));

export function main(): Promise<void> {
  return runProgram(program.name, async () => {
    const given = await options();
    return given === undefined ? exitCodes.done : serve(given);
  });
}

async function serve(given: Options): Promise<number> {
  const logger = await serviceLogger({ name: program.name, level: given.level, file: given['log-file'] });
  logger.log('info', `version ${packageVersion}, process ${process.pid}`);
  const communicator = new Communicator({ logger, transports: transports(given) });
  const connections = wholeNumber('max-connections', given['max-connections'], 1, 1_000_000);
  const broker = new Broker({
    communicator,
    server: given['server-name'],
    listen: addresses(given),
    access: given.access === undefined ? undefined : access(given.access),
    limits: { connections },
    store: given['data-path'] === undefined ? undefined : { directory: given['data-path'] },
    services: given.services?.split(',').map(name => name.trim()),
    cluster: clusterOf(given, communicator, program.name),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const handling = communicator.signal(signal, () => {
      handling.stop();
      return broker.stop().then(() => communicator.stop());
    });
  }
  communicator.signal('SIGHUP', () => logger.reopen());
  const systemd = communicator.systemd({ ready: 'told' }); // where systemd asks for it: examples/systemd
  await broker.start().catch((error: Error) => {
    const usual = given.unix === unixDefault && error.message.includes(unixDefault);
    throw usual ? new Error(`${error.message}; --unix PATH takes another place, --unix none has no socket`) : error;
  });
  systemd.ready();
  return (await communicator.run()) ? exitCodes.done : exitCodes.failed;
}

function addresses({ unix: path, tcp, signal, tls: secure }: Options): string[] {
  const found = [
    path === 'none' ? undefined : `unix:${path}`,
    tcp === 'none' ? undefined : `tcp://${tcp}`,
    signal === 'none' ? undefined : `udp://${signal}`,
    secure === undefined ? undefined : `tls://${secure}`,
  ];
  return found.filter(address => address !== undefined);
}

function transports(given: Options): StreamTransports {
  const { certificate: cert, 'private-key': key, 'client-authority': ca } = given;
  if (!/^[0-7]{3}$/.test(given['unix-mode']))
    throw wrong(`--unix-mode ${given['unix-mode']} is no mode: write 660, say`);
  const mode = Number.parseInt(given['unix-mode'], 8);
  const sockets = { unix: unix({ mode, group: given['unix-group'] }) };
  if (given.tls === undefined) return sockets;
  if (cert === undefined || key === undefined) throw wrong('--tls needs --certificate and --private-key');
  const clients = ca === undefined ? {} : { clients: 'asked' as const };
  return { ...sockets, tls: tls({ files: { cert, key, ca }, ...clients }) };
}

function access(path: string): Partial<AccessOptions> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Partial<AccessOptions>;
  } catch (error) {
    throw new UsageError('INVALID_VALUE', `access file ${path}: ${(error as Error).message}`);
  }
}
