// What pages may send. Whatever these throw is a 400 to who sent it, with their words.

import type { QioClient } from 'ed-communicator/qio';
import { QioRefusal } from 'ed-communicator/qio';
import type { Person, Room } from './room.ts';

export type Fields = Readonly<Record<string, unknown>>;

export function asFields(data: unknown): Fields {
  if (typeof data === 'object' && data !== null) return data as Fields;
  throw new Error('this is no object');
}

/** A text without blanks around it, neither empty nor longer. */
export function asText(what: string, value: unknown, longest: number): string {
  const text = typeof value === 'string' ? value.trim() : '';
  if (text !== '' && text.length <= longest) return text;
  throw new Error(`${what} has 1 to ${longest} letters`);
}

/** A place on the board, 0 to 1. */
export function asPlace(value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw new Error('a place is a number from 0 to 1');
}

/** @throws QioRefusal 401 to who has not said who they are */
export function whoIs(room: Room, client: QioClient): Person {
  const seat = room.seats.get(client);
  if (seat === undefined) throw new QioRefusal(401, 'say who you are first');
  return seat.person;
}
