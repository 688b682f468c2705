// A process that catches a signal, sends it to itself, stops catching it, and tells of each on its output.

import { Communicator } from '../../lib/index.ts';

const [name, then] = process.argv.slice(2) as [NodeJS.Signals, string | undefined];
const communicator = new Communicator({ drain: 0 });
const signal = communicator.signal(name, heard => {
  process.stdout.write(`${heard}\n`);
  signal.stop();
  if (then === 'again') setImmediate(() => process.kill(process.pid, name));
  setTimeout(() => process.stdout.write('alive\n'), 100);
});
process.kill(process.pid, name);
await communicator.run();
