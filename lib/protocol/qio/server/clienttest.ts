// The application that tests clients: whatever a client may meet, it can ask for at /clienttest.
//
//   broadcast             subscribe: "broadcast event" each 10 ms
//   close                 the connection is closed
//   drop-callback         no answer, ever
//   echo                  the data comes back, and asks for an answer, which comes back in turn, and so on
//   error/<n>             the answer has code n
//   heartbeat-challenge   a heartbeat comes that asks for an answer; the answer to this comes behind it
//   in-progress           subscribe: left pending, until this event is sent
//   move                  the data is where to move
//   send-invalid          an event comes that is none
//   send-unsubscribed     an event comes that nobody has subscribed to
//   on-data               subscribe: only with 123987; `true` comes then

import { NetworkError } from '../../../base/errors.ts';
import type { Call, QioApp, QioAppContext, QioClient } from '../definitions.ts';
import { handled } from '../definitions.ts';
import { Framed } from '../session/carrier.ts';
import type { Session } from '../session.ts';
import { paths } from '../wire.ts';
import { toJson } from './calls.ts';

const interval = 10;
const secret = 123_987;

/** A new one for each server. */
export function clienttest(): QioApp {
  const undecided = new Map<QioClient, (verdict: boolean) => void>();
  return {
    name: 'clienttest',
    prefix: '/clienttest',
    start: app => void app.every(interval, () => app.broadcast('/broadcast', 'broadcast event')),
    events: {
      '/broadcast': {},
      '/close': { handler: ({ client }) => client.close() },
      '/drop-callback': { handler: () => handled },
      '/echo': { handler: echo },
      '/error': { handlesChildren: true, handler: fail },
      '/heartbeat-challenge': { handler: challenge },
      '/in-progress': {
        on: ({ client }) => new Promise<boolean>(decide => undecided.set(client, decide)),
        off: client => void undecided.delete(client),
        handler: ({ client }) => undecided.get(client)?.(true),
      },
      '/move': { handler: move },
      '/send-invalid': { handler: ({ client }) => inner(client).write(new Framed('this is no event')) },
      '/send-unsubscribed': { handler: ({ client, app }) => app.tell(client, '/send-unsubscribed', 'unexpected') },
      '/on-data': { on: who => who.data === secret && greet(who) },
    },
  };
}

function echo(call: Call): typeof handled {
  call.reply(call.data, echo);
  return handled;
}

function fail(call: Call): typeof handled {
  const code = Number(call.extra.slice(1));
  call.refuse(Number.isSafeInteger(code) ? code : 500, `${code}s are fun!`, 'you requested an error?');
  return handled;
}

function challenge(call: Call): typeof handled {
  const lost = (reason: Error): void => {
    if (!(reason instanceof NetworkError)) call.refuse(500, reason.message);
  };
  inner(call.client).post(paths.heartbeat, 'null', () => call.reply(), lost);
  return handled;
}

function move({ client, data }: Call): typeof handled {
  inner(client).post(paths.move, toJson(data));
  client.close();
  return handled;
}

function greet(who: { client: QioClient; app: QioAppContext; subscribed(run: () => void): void }): true {
  who.subscribed(() => who.app.send(who.client, '/on-data', true));
  return true;
}

function inner(client: QioClient): Session {
  return client as Session;
}
