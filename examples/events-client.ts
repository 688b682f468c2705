// Registers for two events, emits both, and ends when they have come back: one of the catalog of LEAP, and one of its own,
// whose content is typed.

import { Communicator } from 'ed-communicator';
import { catalog, defineCatalog, eventsClient, integer, text } from 'ed-communicator/events';

const [emitAddress, regAddress] = process.argv.slice(2);
const own = defineCatalog({ JOB_DONE: [text, integer] });
const communicator = new Communicator();
const client = eventsClient({ emitAddress, regAddress });
communicator.add(client);

let left = 2;
const show = (event: unknown, ...content: unknown[]): void => {
  process.stdout.write(`${event}, ${JSON.stringify(content)}\n`);
  left -= 1;
  if (left === 0) communicator.stop();
};
client.register(catalog.CLIENT_UID, show);
client.register(own.JOB_DONE, (event, job, code) => show(event, job.toUpperCase(), code));

await client.ready(); // from here on nothing is missed
client.emit(catalog.CLIENT_UID, 'foo');
client.emit(own.JOB_DONE, 'backup', 0);
await communicator.run();
