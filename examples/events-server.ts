// An events server in one line of use: it takes events and publishes them, or stands by for the one that runs already.

import { Communicator, serviceLogger } from 'ed-communicator';
import { ensureServer } from 'ed-communicator/events';

const [emitAddress, regAddress] = process.argv.slice(2);
const logger = await serviceLogger({ name: 'events-server', level: 'info' });
const communicator = new Communicator({ logger });

communicator.add(ensureServer({ emitAddress, regAddress })); // tcp://127.0.0.1:9000 and 9001 where none are given
for (const signal of ['SIGTERM', 'SIGINT'] as const) communicator.signal(signal, () => communicator.stop());
await communicator.run();
