// The example client: waits for its server for ever, talks, and ends after BYE. Each new link begins with HI, so
// a talk that broke off in the middle starts again on the next link.

import { Communicator, Dispatcher, serviceLogger } from 'ed-communicator';
import { commandLine, exitCodes, packageVersion, runProgram } from '../tools/command-line.ts';

const program = {
  name: 'client',
  summary: 'The example client: talks to the example daemon and ends after BYE.',
  options: {
    trace: { type: 'boolean', default: false, describe: 'Log each message' },
    server: { type: 'string', default: '127.0.0.1:3001', describe: 'Address of the daemon (tcp, or unix:/path)' },
    'logrotate-listen': { type: 'string', default: '127.0.0.1:3003', describe: 'UDP address for LOG_ROTATE' },
    'logrotate-secret': { type: 'string', describe: 'Only LOG_ROTATE with this secret_code counts' },
    'log-file': { type: 'string', describe: 'Log into this file too, one JSON object a line' },
  },
  examples: [['$0 --trace', 'Talk to the daemon on 127.0.0.1:3001 and show each message']],
} as const;

async function main(): Promise<number> {
  const options = await commandLine(program, process.argv.slice(2));
  if (options === undefined) return exitCodes.done;
  const { trace, 'log-file': file } = options;
  const level = trace ? 'trace' : 'info';
  const logger = await serviceLogger({ name: 'client', level, file });
  logger.log('info', `version ${packageVersion}, process ${process.pid}`);

  const communicator = new Communicator({ logger });

  const dispatcher = new Dispatcher({ trace: trace && 'both' })
    .on('HI', (message, server) => server.send(message.reply('DAD')))
    .on('CLIMB', (message, server) => server.send(message.reply('TOP')))
    .on('WHO', (message, server) => server.send(message.reply('MOM')))
    .on('BYE', () => communicator.stop())
    .otherwiseUnknown();

  for (const signal of ['SIGTERM', 'SIGINT'] as const) communicator.signal(signal, () => communicator.stop());
  const rotation = communicator.logRotate(options['logrotate-listen'], { secret: options['logrotate-secret'], trace });
  rotation.ready.catch(() => logger.log('warn', 'this client does without log rotation by message'));
  // The talk begins anew on each link: nothing of the last one is to be sent again, as a session would do.
  communicator.permanent(options.server, { dispatcher, outbox: { session: false } });
  const ended = await communicator.run();
  return ended ? exitCodes.done : exitCodes.failed;
}

await runProgram(program.name, main);
