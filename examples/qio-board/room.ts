// What all servers of this process share: who is here, the notes, the lines of the chat. It knows nothing of the wire.

import { readFile, rename, writeFile } from 'node:fs/promises';
import { UsageError } from 'ed-communicator';
import type { QioAppContext, QioClient } from 'ed-communicator/qio';

export interface Person {
  readonly name: string;
  /** Of the colour, in degrees. */
  readonly hue: number;
}

export interface Note extends Person {
  readonly id: number;
  readonly text: string;
  /** Where it is, 0 to 1: pages have boards of any size. */
  readonly x: number;
  readonly y: number;
}

export interface Line extends Person {
  readonly id: number;
  readonly text: string;
  /** In ms since 1970. */
  readonly at: number;
}

/** One connection of a person. There may be several: two windows, or an old one whose end is not known yet. */
export interface Seat {
  readonly person: Person;
  /** What the page made up for itself: who has it may come back under the same name. */
  readonly key: string;
  /** Of the server that the client is at. */
  readonly app: QioAppContext;
}

const mostNotes = 60;
const mostLines = 100;
const hues = [205, 145, 28, 280, 350, 95, 175, 245, 50, 315];

export class Room {
  readonly seats = new Map<QioClient, Seat>();
  readonly notes = new Map<number, Note>();
  readonly lines: Line[] = [];
  readonly #file: string | undefined;
  #lastId = 0;
  #saved: Promise<void> = Promise.resolve();
  /** What is in the file. */
  #kept = '';

  private constructor(file: string | undefined) {
    this.#file = file;
  }

  /** @throws UsageError where the file holds something else */
  static async open(file: string | undefined): Promise<Room> {
    const room = new Room(file);
    if (file !== undefined) await room.#load(file);
    return room;
  }

  /** Each once, by name. */
  get people(): readonly Person[] {
    const people = new Map([...this.seats.values()].map(({ person }) => [person.name, person]));
    return [...people.values()].sort((one, other) => one.name.localeCompare(other.name));
  }

  /** A colour that nobody here has, the same one for the same name where that can be. */
  hueFor(name: string): number {
    const taken = new Map(this.people.map(person => [person.hue, person.name]));
    const first = [...name].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973, 7);
    const wishes = hues.map((_hue, n) => hues[(first + n) % hues.length] ?? 0);
    return wishes.find(hue => !taken.has(hue) || taken.get(hue) === name) ?? wishes[0] ?? 0;
  }

  get isFull(): boolean {
    return this.notes.size >= mostNotes;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** On top of the others. */
  put(note: Note): void {
    this.notes.delete(note.id);
    this.notes.set(note.id, note);
  }

  say(line: Line): void {
    this.lines.push(line);
    this.lines.splice(0, this.lines.length - mostLines);
  }

  /** Writes what has changed, one after the other; a crash leaves the file as it was or as it is to be. */
  save(): Promise<void> {
    this.#saved = this.#saved.catch(() => undefined).then(() => this.#write());
    return this.#saved;
  }

  async #write(): Promise<void> {
    const text = JSON.stringify({ lastId: this.#lastId, notes: [...this.notes.values()], lines: this.lines });
    if (this.#file === undefined || text === this.#kept) return;
    const draft = `${this.#file}.new`;
    await writeFile(draft, text);
    await rename(draft, this.#file);
    this.#kept = text;
  }

  async #load(file: string): Promise<void> {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text === '') return;
    try {
      const { lastId, notes, lines } = JSON.parse(text) as { lastId: number; notes: Note[]; lines: Line[] };
      this.#lastId = lastId;
      for (const note of notes) this.put(note);
      for (const line of lines) this.say(line);
    } catch (cause) {
      throw new UsageError('INVALID_VALUE', `${file} is no board that was kept`, { cause });
    }
    this.#kept = text;
  }
}
