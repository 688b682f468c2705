// The command line of ed-signal, read and turned into one message and one place to send it to.

import { hostname } from 'node:os';
import type { Address } from '../../lib/base/address.ts';
import { parseAddress, parseHostPort } from '../../lib/base/address.ts';
import type { Message } from '../../lib/message/message.ts';
import { isCommand, nameOfHost } from '../../lib/message/names.ts';
import { decode } from '../../lib/message/text.ts';
import { commandLine, exitCodes, milliseconds, runProgram, wrong } from '../command-line.ts';
import type { TlsGiven } from '../tls-options.ts';
import { tlsOptions, transportsOf } from '../tls-options.ts';
import type { Order } from './send.ts';
import { sendDatagram, sendOverStream } from './send.ts';

const defaultHost = '127.0.0.1:4041';
const schemes: readonly string[] = ['udp', 'tcp', 'tls', 'unix', 'ws', 'wss', 'stdio'];
const pathSchemes: readonly string[] = ['unix', 'stdio'];

const program = {
  name: 'ed-signal',
  summary: 'Send one message to a service.',
  bare: { name: 'message', describe: 'The same as --message' },
  options: {
    message: { alias: 'm', type: 'string', describe: '[[server:]service/]COMMAND' },
    server: {
      alias: 's',
      type: 'string',
      describe: 'Address to send to; or, if it is none, the server in the message',
    },
    host: {
      alias: 'H',
      type: 'string',
      describe: `host:port, tcp://…, tls://…, udp://…, unix:/path, unix:@name, ws://…, wss://… or stdio:command (default ${defaultHost}; for service/COMMAND $COMMUNICATOR_LISTEN where it is set)`,
    },
    service: { alias: 'S', type: 'string', describe: 'Service in the message' },
    type: { alias: 't', choices: ['udp', 'tcp', 'tls'], default: 'udp', describe: 'How to send to a bare host:port' },
    encrypt: { alias: 'e', type: 'boolean', default: false, describe: 'With tls where the address says tcp' },
    param: { alias: 'p', type: 'string', array: true, nargs: 1, describe: 'A parameter, name=value; may be repeated' },
    'secret-code': { alias: 'c', type: 'string', describe: 'Adds parameter secret_code' },
    reply: { alias: 'r', type: 'boolean', default: false, describe: 'Wait for the answer and print it (not udp)' },
    timeout: { type: 'string', default: '5', describe: 'Longest time for all, in seconds (or 500ms)' },
    trace: { type: 'boolean', default: false, describe: 'Show what is sent and received' },
    ...tlsOptions,
  },
  examples: [
    ['$0 --server 127.0.0.1:3001 --type tcp --message QUIT', 'End the example daemon'],
    ['$0 --server 127.0.0.1:3002 LOG_ROTATE', 'Make it reopen its log file'],
    ['$0 --host 127.0.0.1:4040 --type tcp --reply -m HELP', 'Ask a service for its commands'],
    ['$0 --host tls://svc.example:4043 --ca ca.pem --reply HELP', 'The same over tls'],
    ['$0 --host unix:/run/svc.sock STOP', 'Over a unix socket; unix:@svc is an abstract one'],
    ['$0 svc/EVENT --param id=1 --param text="hello"', 'To a service of the broker on this machine'],
  ],
} as const;

interface Given extends TlsGiven {
  readonly message?: string | undefined;
  readonly server?: string | undefined;
  readonly host?: string | undefined;
  readonly service?: string | undefined;
  readonly param?: readonly string[] | undefined;
  readonly 'secret-code'?: string | undefined;
  readonly type: string;
  readonly encrypt: boolean;
  readonly reply: boolean;
  readonly timeout: string;
  readonly trace: boolean;
}

export async function main(): Promise<void> {
  await runProgram(program.name, async () => {
    const given: Given | undefined = await commandLine(program, process.argv.slice(2));
    if (given === undefined) return exitCodes.done;
    const order = await orderOf(given);
    await (order.address.scheme === 'udp' ? sendDatagram(order) : sendOverStream(order));
    return exitCodes.done;
  });
}

async function orderOf(given: Given): Promise<Order> {
  const { server, host, reply, trace } = given;
  const isAddress = server !== undefined && (parseHostPort(server) !== undefined || /^[a-z]+:/.test(server));
  if (isAddress && host !== undefined) throw wrong('--server is an address, and so is --host: give one of them');
  const message = messageOf(given, isAddress ? undefined : server);
  const place = isAddress ? server : host;
  const broker = place === undefined && message.to.service !== '' ? process.env.COMMUNICATOR_LISTEN : undefined;
  const address =
    broker === undefined
      ? addressOf(place ?? defaultHost, given)
      : addressOf(await brokerPlace(broker), { ...given, type: 'tcp' });
  if (reply && address.scheme === 'udp') throw wrong('a datagram has no reply: add --type tcp');
  const transports = await transportsOf(address, given);
  return { address, transports, message, reply, trace, timeout: milliseconds('timeout', given.timeout) };
}

/** Loaded when used: a signal without it starts sooner. */
async function brokerPlace(text: string): Promise<string> {
  const { readBrokerAddress } = await import('../../lib/protocol/service/wire.ts');
  return readBrokerAddress(text);
}

function addressOf(place: string, { type, encrypt }: Pick<Given, 'type' | 'encrypt'>): Address {
  const address = parseAddress(place.includes(':') ? place : `${place}:4041`, type);
  const { scheme, port } = address;
  if (!schemes.includes(scheme)) throw wrong(`${scheme}: is not known here (there is ${schemes.join(', ')})`);
  if (!pathSchemes.includes(scheme) && port === 0) throw wrong(`${place} has no port`);
  if (!encrypt || scheme === 'tls' || scheme === 'wss') return address;
  if (scheme !== 'tcp') throw wrong(`--encrypt is for tcp, not for ${scheme}`);
  return { ...address, scheme: 'tls' };
}

function messageOf(given: Given, server: string | undefined): Message {
  const { message: text, service, param = [] } = given;
  if (text === undefined || text === '') throw wrong('there is no --message to send');
  const message = read(text);
  if (message.to.server !== '' && server !== undefined) throw wrong('the server is in --message already');
  if (message.to.service !== '' && service !== undefined) throw wrong('the service is in --message already');
  const to = { server: message.to.server || (server ?? ''), service: message.to.service || (service ?? '') };
  const parameters = Object.fromEntries(param.map(readParameter));
  const from = { server: nameOfHost(hostname()), service: 'ed_signal' };
  return message.with({ ...parameters, secret_code: given['secret-code'] }).addressed({ to, from });
}

/** `[[server:]service/]COMMAND`, and nothing else. */
function read(text: string): Message {
  try {
    const message = decode(text);
    const plain = message?.from.server === '' && message.from.service === '' && message.list.length === 0;
    if (message !== undefined && plain && isCommand(message.command)) return message;
  } catch {
    // told below
  }
  throw wrong(`"${text}" is no [[server:]service/]COMMAND (commands are A-Z, 0-9 and _)`);
}

function readParameter(text: string): [string, string] {
  const equal = text.indexOf('=');
  return equal < 0 ? [text, ''] : [text.slice(0, equal), text.slice(equal + 1)];
}
