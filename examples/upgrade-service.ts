// The service that is replaced: handles ITEM, and tells at its end what it has handled. It takes the socket that its
// parent holds. SIGTERM makes it drain: it accepts nobody, lets its handlers end, confirms what they have handled, and
// only then closes each link. What it has not handled it has not confirmed either: that comes to the next service.

import { Communicator, Dispatcher, defineMessage, integer } from 'ed-communicator';
import { Ledger } from './upgrade-count.ts';

/** Sessions that it remembers; each client has one. */
const sessions = 20_000;
const item = defineMessage('ITEM', { client: integer(), number: integer() });

const ledger = new Ledger();
const communicator = new Communicator();
const dispatcher = new Dispatcher()
  .on(item, ({ parameters }) => ledger.note(parameters.client, parameters.number))
  .otherwiseUnknown();

communicator.systemd();
communicator.signal('SIGTERM', () => communicator.stop());
const listener = communicator.listen('systemd:upgrade', { dispatcher, limits: { sessions, connections: sessions } });
await listener.ready;
process.stdout.write('ready\n');
await communicator.run();
process.stdout.write(`${JSON.stringify(ledger.handled)}\n`);
