// The example daemon: answers DAD, TOP and MOM, rotates its log on a UDP message, ends on QUIT or on a signal.

import { Communicator, Dispatcher, serviceLogger } from 'ed-communicator';
import { commandLine, exitCodes, packageVersion, runProgram } from '../tools/command-line.ts';

const program = {
  name: 'server',
  summary: 'The example daemon: talks HI, CLIMB, WHO, BYE; ends on QUIT.',
  options: {
    trace: { type: 'boolean', default: false, describe: 'Log each message' },
    listen: { type: 'string', default: '127.0.0.1:3001', describe: 'Address for clients (tcp, or unix:/path)' },
    'log-rotate-listen': { type: 'string', default: '127.0.0.1:3002', describe: 'UDP address for LOG_ROTATE' },
    'log-rotate-secret': { type: 'string', describe: 'Only LOG_ROTATE with this secret_code counts' },
    'log-file': { type: 'string', describe: 'Log into this file too, one JSON object a line' },
  },
  examples: [
    ['$0 --trace', 'Serve on 127.0.0.1:3001 and show each message'],
    ['ed-signal --server 127.0.0.1:3001 --type tcp --message QUIT', 'End it'],
    ['ed-signal --server 127.0.0.1:3002 --message LOG_ROTATE', 'Make it reopen its log file'],
  ],
} as const;

/** Clients that do not read are not waited for any longer, in ms. */
const patience = 800;

async function main(): Promise<number> {
  const options = await commandLine(program, process.argv.slice(2));
  if (options === undefined) return exitCodes.done;
  const { trace, 'log-file': file } = options;
  const level = trace ? 'trace' : 'info';
  const logger = await serviceLogger({ name: 'server', level, file });
  logger.log('info', `version ${packageVersion}, process ${process.pid}`);

  const communicator = new Communicator({ logger });

  const dispatcher = new Dispatcher({ trace })
    .on('DAD', (message, peer) => peer.send(message.reply('CLIMB')))
    .on('TOP', (message, peer) => peer.send(message.reply('WHO')))
    .on('MOM', (message, peer) => peer.send(message.reply('BYE')))
    .on('QUIT', () => communicator.stop(patience))
    .otherwiseUnknown();

  for (const signal of ['SIGTERM', 'SIGINT'] as const) communicator.signal(signal, () => communicator.stop(patience));
  communicator.systemd(); // says READY and so on where systemd asks for it: examples/systemd
  communicator.logRotate(options['log-rotate-listen'], { secret: options['log-rotate-secret'], trace });
  communicator.listen(options.listen, { dispatcher, accepted: peer => peer.send('HI') });
  const ended = await communicator.run(); // resolves when nothing is left to wait for
  return ended ? exitCodes.done : exitCodes.failed;
}

await runProgram(program.name, main);
