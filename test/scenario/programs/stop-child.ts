// A service that ends on STOP, or takes it and does nothing (`deaf`), or ignores SIGTERM too (`stubborn`).

import { Communicator, Dispatcher, serviceLogger, systemCommands } from '../../../lib/index.ts';

const [manner = 'good', address = 'tcp://127.0.0.1:0'] = process.argv.slice(2);
const communicator = new Communicator({ logger: await serviceLogger({ name: 'child', level: 'info' }) });
const dispatcher = new Dispatcher()
  .on('STOP', () => (manner === 'good' ? communicator.stop(100) : undefined))
  .use(systemCommands())
  .otherwiseUnknown();
if (manner === 'stubborn') communicator.signal('SIGTERM', () => undefined);
if (address.startsWith('udp:')) communicator.bind(address, { dispatcher });
else communicator.listen(address, { dispatcher });
await communicator.run();
