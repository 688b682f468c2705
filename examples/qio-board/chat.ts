// The chat. Who subscribes gets the last lines, then each one that is said. Who says too much is told to calm down.

import type { Call, QioApp, QioClient } from 'ed-communicator/qio';
import { event, QioRefusal } from 'ed-communicator/qio';
import { asText, whoIs } from './reading.ts';
import type { Room } from './room.ts';

/** So many lines in so many ms. */
const pace = { lines: 5, ms: 5_000 };

export function chatApp(room: Room): QioApp {
  return {
    name: 'chat',
    prefix: '/chat',
    events: {
      '/lines': {
        on: ({ client, app, subscribed }) => subscribed(() => app.send(client, '/lines', room.lines)),
      },
      '/say': event({ read: data => asText('a line', data, 500), handler: call => say(room, call) }),
    },
  };
}

function say(room: Room, { client, app, data: text }: Call<string>): void {
  const person = whoIs(room, client);
  keepPace(client, app.clock.now());
  const line = { ...person, id: room.nextId(), text, at: Date.now() };
  room.say(line);
  app.broadcast('/lines', [line]);
}

/** When a client said something is kept with the client: it goes when that goes. */
function keepPace({ data }: QioClient, now: number): void {
  const times = ((data.get('said') ?? []) as number[]).filter(time => time > now - pace.ms);
  if (times.length >= pace.lines) throw new QioRefusal(420, 'calm down: wait a moment');
  data.set('said', [...times, now]);
}
