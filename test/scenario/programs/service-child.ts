// A service with everything of its own: `service-child.js BROKER LOGFILE`, and a UDP address for LOG_ROTATE.

import { Definitions, defineMessage, integer } from '../../../lib/index.ts';
import { Service } from '../../../lib/protocol/service/index.ts';

const [broker = '', file, rotate] = process.argv.slice(2);
const JOB = defineMessage('JOB', { n: integer({ min: 1 }) });

const service = new Service('worker', {
  version: '7.8.9',
  secret: 'nobody sees this',
  broker,
  definitions: new Definitions([JOB]),
  log: { level: 'trace', file, rotate, trace: 'both' },
})
  .on(JOB, (message, broker) => broker.send(message.reply('DONE', { n: message.parameters.n })))
  // A handler that goes on when the service is told to end.
  .on('LONG', async (message, broker) => {
    broker.send(message.reply('BEGUN'));
    await new Promise(resolve => setTimeout(resolve, 700));
    broker.send(message.reply('DONE'));
  })
  .on('NEVER', () => new Promise(() => undefined));

await service.run();
process.stdout.write('ended in good order\n');
