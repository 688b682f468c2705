// A permanent client of ours that sends as fast as its outbox takes it, with a session and without.

import type { Message } from '../../../lib/index.ts';
import { Communicator, Dispatcher, Message as Messages } from '../../../lib/index.ts';
import type { Abilities } from '../child.ts';
import { serve } from '../child.ts';

/** After so many messages the loop goes round. */
const stride = 512;

function sender(session: boolean): Abilities {
  const communicator = new Communicator();
  const event: Message = Messages.of('EVENT', { id: 123, text: 'hello' });
  return {
    flood: async ({ port = 0, count = 0 }) => {
      const client = communicator.permanent(`tcp://127.0.0.1:${port}`, {
        dispatcher: new Dispatcher().otherwiseUnknown(),
        outbox: { session },
      });
      for (let sent = 1; sent <= count; sent += 1) {
        if (client.send(event) === 'queued')
          await new Promise(resolve => client.once('drain', () => resolve(undefined)));
        else if (sent % stride === 0) await new Promise(setImmediate);
      }
      await new Promise(resolve => {
        client.once('close', resolve);
        client.stop();
      });
      return { sent: count };
    },
  };
}

serve({ session: () => sender(true), plain: () => sender(false) });
