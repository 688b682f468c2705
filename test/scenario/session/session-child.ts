// A program for tests with sessions between processes. What it handles or is told goes out with one write each, so
// that nothing that was said is lost when it is killed.
//
//   serve {"address": …, "limits": …}            says "listening on …", and "handled LIFE NUMBER" for each NOTE
//   send {"address": …, "limits": …, "directory": …, "life": …, "count": …, "pace": …}
//                                                delivers NOTEs, `pace` ms apart; says "stored" or "confirmed LIFE NUMBER"

import { writeSync } from 'node:fs';
import type { Given } from '../../../lib/base/options.ts';
import type { ClientLimits } from '../../../lib/index.ts';
import { Communicator, Dispatcher, Message } from '../../../lib/index.ts';

interface Wanted {
  readonly address: string;
  readonly limits?: Given<Pick<ClientLimits, 'ask' | 'dead'>>;
  readonly directory?: string;
  readonly life?: number;
  readonly count?: number;
  readonly pace?: number;
}

const [role, words = '{}'] = process.argv.slice(2);
const { address, limits, directory, life = 0, count = 0, pace = 0 } = JSON.parse(words) as Wanted;
const communicator = new Communicator();
const say = (text: string): number => writeSync(1, `${text}\n`);

async function serve(): Promise<void> {
  const dispatcher = new Dispatcher().on('NOTE', message => {
    say(`handled ${message.get('life')} ${message.get('number')}`);
  });
  const listener = communicator.listen(address, { dispatcher, limits });
  writeSync(2, `listening on ${await listener.ready}\n`);
  await communicator.run();
}

async function send(): Promise<void> {
  const outbox = directory === undefined ? {} : { spool: { directory } };
  const client = communicator.permanent(address, { limits, outbox, pause: { first: 10, most: 50 } });
  client.on('state', state => say(`state ${state}`));
  client.on('lost', reason => say(`lost ${(reason as { readonly code?: string }).code}`));
  const until = directory === undefined ? 'confirmed' : 'stored';
  for (let number = 0; number < count; number += 1) {
    const note = Message.of('NOTE', { life, number });
    client.deliver(note, { until }).then(
      ({ guarantee }) => say(`${guarantee === 'stored' ? 'stored' : 'confirmed'} ${life} ${number}`),
      ({ code }) => say(`failed ${life} ${number} ${code}`),
    );
    if (pace > 0) await new Promise(resolve => setTimeout(resolve, pace));
    else if (number % 20 === 0) await new Promise(resolve => setImmediate(resolve));
  }
}

await (role === 'serve' ? serve() : send());
