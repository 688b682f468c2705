// Who is here. To subscribe is to be here: the name comes with it, a name that is taken is refused, and whoever leaves,
// in whatever way, is off the list. A wave asks for an answer of the other page: a callback from server to client.

import type { Call, QioApp, QioAppContext, QioClient, Subscribing } from 'ed-communicator/qio';
import { handled, QioRefusal } from 'ed-communicator/qio';
import { asFields, asText, whoIs } from './reading.ts';
import type { Room, Seat } from './room.ts';

export function peopleApp(room: Room): QioApp {
  return {
    name: 'people',
    prefix: '/people',
    events: {
      '/here': { on: who => sitDown(room, who), off: client => leave(room, client) },
      '/wave': { handler: call => wave(room, call) },
    },
  };
}

/** @throws QioRefusal 401 where another one has the name */
function sitDown(room: Room, { client, app, data, subscribed }: Subscribing): void {
  const { name, key } = asWish(data);
  for (const { person, key: other } of room.seats.values()) {
    const isSame = person.name.toLowerCase() === name.toLowerCase();
    if (isSame && key !== other) throw new QioRefusal(401, `${person.name} is here already: take another name`);
  }
  room.seats.set(client, { person: { name, hue: room.hueFor(name) }, key, app });
  subscribed(() => tellAll(room, app));
}

function asWish(data: unknown): { readonly name: string; readonly key: string } {
  try {
    const { name, key } = asFields(data);
    return { name: asText('a name', name, 20), key: asText('a key', key, 64) };
  } catch (error) {
    throw new QioRefusal(400, (error as Error).message);
  }
}

function leave(room: Room, client: QioClient): void {
  const seat = room.seats.get(client);
  if (room.seats.delete(client) && seat !== undefined) tellAll(room, seat.app);
}

function tellAll(room: Room, app: QioAppContext): void {
  app.broadcast('/here', room.people);
}

/** Answered when the other page has answered, or did not: that is up to a person, so it takes a while. */
function wave(room: Room, call: Call): typeof handled {
  const from = whoIs(room, call.client);
  const [other, seat] = [...room.seats].findLast(([, { person }]) => person.name === call.data) ?? nobody();
  const seen = (answer: Call): void => call.reply({ back: answer.json === 'true' });
  const lost = (): void => call.refuse(404, `${seat.person.name} does not answer`);
  if (!seat.app.send(other, '/wave', from.name, seen, lost)) lost();
  return handled;
}

function nobody(): [QioClient, Seat] {
  throw new QioRefusal(404, 'nobody here has this name');
}
