// Either side of a way of datagrams.

import { Communicator, Dispatcher, Message } from '../../../lib/index.ts';
import { serve } from '../stage/child.ts';
import { Pace, pause } from '../stage/pace.ts';
import { Tally } from '../stage/tally.ts';

const tally = new Tally();
const dispatcher = new Dispatcher().on('EVENT', message => tally.take(message.integer('n')));
const datagrams = new Communicator().bind('udp://127.0.0.1:0', { dispatcher });

interface Sending {
  readonly to: string;
  readonly perSecond: number;
  readonly milliseconds: number;
}

/** Gives how many were sent. */
async function send({ to, perSecond, milliseconds }: Sending): Promise<number> {
  let sent = 0;
  const pace = new Pace(perSecond, () => {
    void datagrams.sendTo(to, Message.of('EVENT', { n: sent }));
    sent += 1;
  });
  await pause(milliseconds);
  pace.stop();
  return sent;
}

/** What the runtime itself says that it handled is to agree with what came. */
const figures = (): object => ({ ...tally.counts, handled: datagrams.snapshot().handled });

serve({ address: () => datagrams.ready, send, figures });
