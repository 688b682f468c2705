// Services for tests with processes that are killed. What one handles or is told goes out with one write each, so that
// nothing that was said is lost when it is killed.
//
//   worker {"broker": …, "once": …}              says "handled LIFE NUMBER", and "again" where it is marked, for each NOTE, and for each ASK, which it answers
//   boss {"broker": …, "directory": …, "life": …, "count": …, "pace": …, "asks": …, "cache": …}
//                                                delivers NOTEs to the worker; says "confirmed LIFE NUMBER", "stored …", "failed …";
//                                                or requests, with ASK, and says "confirmed …" when the right answer came

import { writeSync } from 'node:fs';
import type { Receipt } from '../../../lib/index.ts';
import { Communicator } from '../../../lib/index.ts';
import type { OnceOptions } from '../../../lib/protocol/service/index.ts';
import { mayBeRepeat, Service } from '../../../lib/protocol/service/index.ts';

interface Wanted {
  readonly broker: string;
  readonly directory?: string;
  readonly life?: number;
  readonly count?: number;
  readonly pace?: number;
  readonly asks?: boolean;
  readonly cache?: string;
  readonly once?: OnceOptions;
}

const [role = '', words = '{}'] = process.argv.slice(2);
const { broker, directory, life = 0, count = 0, pace = 1, asks = false, cache, once } = JSON.parse(words) as Wanted;
const say = (text: string): number => writeSync(1, `${text}\n`);

const outbox = directory === undefined ? {} : { spool: { directory } };
const service = new Service(role, {
  broker,
  communicator: new Communicator(),
  link: { once, pause: { first: 10, most: 100 }, outbox, limits: { ask: 500, dead: 1_500 } },
});
service.on('NOTE', message => {
  say(`handled ${message.get('life')} ${message.get('number')}${mayBeRepeat(message) ? ' again' : ''}`);
});
service.on('ASK', (message, asker) => {
  say(`handled ${message.get('life')} ${message.get('number')}`);
  asker.send(message.reply('TOLD', { number: message.get('number') }));
});
service.when('state', state => say(`state ${state}`));
const over = service.run();
if (once !== undefined) await new Promise(resolve => service.when('started', () => resolve(undefined)));
const until = directory === undefined ? 'confirmed' : 'stored';
async function ask(parameters: { readonly life: number; readonly number: number }): Promise<Receipt> {
  const answer = await service.request('worker/ASK', parameters, { timeout: 60_000 });
  if (answer.integer('number') !== parameters.number) throw new Error('the answer to another one');
  return { guarantee: 'exactly-once-per-session' };
}

for (let number = 0; number < count; number += 1) {
  const parameters = { life, number };
  const sent = asks ? ask(parameters) : service.deliver('worker/NOTE', { ...parameters, cache }, { until });
  sent.then(
    ({ guarantee }) => say(`${guarantee === 'stored' ? 'stored' : 'confirmed'} ${life} ${number}`),
    (error: { readonly code?: string }) => say(`failed ${life} ${number} ${error.code}`),
  );
  await new Promise(resolve => setTimeout(resolve, pace));
}
await over;
