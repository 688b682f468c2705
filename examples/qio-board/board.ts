// The notes. Who subscribes gets all of them, then each change. Everybody may look; who writes says first who they are.

import type { Call, QioApp } from 'ed-communicator/qio';
import { event, QioRefusal } from 'ed-communicator/qio';
import { asFields, asPlace, asText, whoIs } from './reading.ts';
import type { Note, Room } from './room.ts';

/** What has changed is written so often, in ms. */
const pause = 500;

type Sketch = Pick<Note, 'text' | 'x' | 'y'>;
type Moved = Pick<Note, 'id' | 'x' | 'y'>;

export function boardApp(room: Room): QioApp {
  return {
    name: 'board',
    prefix: '/board',
    start: app => {
      const failed = (error: Error): void => app.log('error', `the board cannot be kept: ${error.message}`);
      app.every(pause, () => void room.save().catch(failed));
    },
    stop: () => room.save(),
    events: {
      '/notes': {
        on: ({ client, app, subscribed }) =>
          subscribed(() => app.send(client, '/notes', { all: [...room.notes.values()] })),
      },
      '/add': event({ read: asSketch, handler: call => add(room, call) }),
      '/move': event({ read: asMoved, handler: call => move(room, call) }),
      '/remove': { handler: call => remove(room, call) },
    },
  };
}

function asSketch(data: unknown): Sketch {
  const { text, x, y } = asFields(data);
  return { text: asText('a note', text, 140), x: asPlace(x), y: asPlace(y) };
}

function asMoved(data: unknown): Moved {
  const { id, x, y } = asFields(data);
  return { id: Number(id), x: asPlace(x), y: asPlace(y) };
}

function add(room: Room, { client, app, data }: Call<Sketch>): void {
  const person = whoIs(room, client);
  if (room.isFull) throw new QioRefusal(420, 'the board is full: take a note away first');
  show(room, { ...person, ...data, id: room.nextId() }, app);
}

function move(room: Room, { client, app, data }: Call<Moved>): void {
  whoIs(room, client);
  show(room, { ...noteOf(room, data.id), ...data }, app);
}

function show(room: Room, note: Note, app: Call['app']): void {
  room.put(note);
  app.broadcast('/notes', { note });
}

function remove(room: Room, { client, app, data }: Call): void {
  whoIs(room, client);
  const { id } = noteOf(room, Number(data));
  room.notes.delete(id);
  app.broadcast('/notes', { gone: id });
}

/** @throws QioRefusal 404 */
function noteOf({ notes }: Room, id: number): Note {
  const note = notes.get(id);
  if (note === undefined) throw new QioRefusal(404, 'somebody has taken this note away');
  return note;
}
