// What one connection does, made from the seed and its number alone: the same number is the same script again.

import { Chance } from './chance.ts';
import { corpus, linkFrames, linkOpenings, packetLines, sessionLines } from './corpus.ts';
import { mutated } from './mutator.ts';

export type Place = 'tcp' | 'strict' | 'unix' | 'packets' | 'rotate' | 'link';
/** How the bytes of all lines are cut; `one` is a byte at a time. */
export type Chunking = 'whole' | 'lines' | 'random' | 'small' | 'one';
export type Reading = 'all' | 'slow' | 'none';
export type Ending = 'end' | 'half' | 'destroy' | 'reset' | 'wait';

export interface Key {
  readonly id: string;
  readonly secret: string;
}

export interface Script {
  readonly number: number;
  readonly place: Place;
  readonly lines: readonly string[];
  readonly chunking: Chunking;
  readonly reading: Reading;
  readonly ending: Ending;
  readonly key: Key;
  /** Whether it listens for an answer after its first line. */
  readonly manner: 'listens' | 'rushes';
  /** For what is decided while it plays. */
  readonly chance: Chance;
}

/** So many keys of sessions are used again and again. */
const keys = 24;

export class Scripts {
  readonly #seed: number;
  readonly #keys: readonly Key[];

  constructor(seed: number) {
    this.#seed = seed;
    this.#keys = Array.from({ length: keys }, (_, at) => {
      const chance = new Chance(seed, 'key', at);
      return { id: chance.hex(16), secret: chance.hex(32) };
    });
  }

  /** For connections to the daemon. */
  client(number: number): Script {
    const chance = new Chance(this.#seed, 'client', number);
    const place = chance.pick(places);
    if (place === 'link') return this.#script(number, chance, place, frames(chance));
    if (place === 'packets' || place === 'rotate') {
      return this.#script(number, chance, place, lines(chance, chance.between(1, 40), packetLines, 3));
    }
    if (chance.oneIn(3)) return this.#script(number, chance, place, lines(chance, length(chance), sessionLines, 40));
    const opening = chance.oneIn(2) ? firstOf(chance) : [];
    const rest = lines(chance, length(chance), sessionLines, 3);
    return this.#script(number, chance, place, [...opening, ...rest]);
  }

  /** For the server that the daemon's own clients come to. */
  server(number: number): Script {
    const chance = new Chance(this.#seed, 'server', number);
    const answer = chance.pick([
      [],
      ['SESSION epoch=@EPOCH@;id=@ID@;received=@COUNT@'],
      ['SESSION epoch=@EPOCH@;id=@ID@;received=0'],
      ['PONG', 'SESSION epoch=@EPOCH@;id=@ID@;received=0'],
    ]);
    return this.#script(number, chance, 'tcp', [...answer, ...lines(chance, chance.between(1, 60), sessionLines, 2)]);
  }

  #script(number: number, chance: Chance, place: Place, lines: readonly string[]): Script {
    const chunking = chance.pick<Chunking>(['whole', 'whole', 'whole', 'lines', 'random', 'random', 'small', 'one']);
    const reading = chance.pick<Reading>(['all', 'all', 'all', 'all', 'all', 'slow', 'none']);
    const ending = chance.pick<Ending>(['end', 'end', 'half', 'destroy', 'destroy', 'reset', 'wait']);
    const manner = chance.oneIn(3) ? 'listens' : 'rushes';
    return { number, place, lines, chunking, reading, ending, manner, key: chance.pick(this.#keys), chance };
  }
}

const places: readonly Place[] = [
  ...(['tcp', 'tcp', 'tcp', 'strict', 'strict', 'unix', 'unix', 'packets', 'rotate', 'link', 'link'] as const),
];

/** Frames of a link, mostly behind a good beginning. */
function frames(chance: Chance): string[] {
  const opening = chance.oneIn(5) ? [] : [chance.pick(linkOpenings)];
  const gentle = chance.oneIn(3);
  const rest = Array.from({ length: chance.between(1, 120) }, () => {
    const frame = chance.oneIn(30) ? chance.pick(linkOpenings) : chance.pick(linkFrames);
    return gentle && !chance.oneIn(8) ? frame : mutated(frame, chance, linkFrames);
  });
  return [...opening, ...rest];
}

/** Mostly a few, sometimes many. */
function length(chance: Chance): number {
  return chance.oneIn(15) ? chance.between(200, 3_000) : chance.between(1, 120);
}

/** A session that begins or comes back in good order. */
function firstOf(chance: Chance): string[] {
  const first = chance.pick(sessionLines.slice(0, 6));
  return chance.oneIn(2) ? [first] : [first, 'SESSION epoch=@EPOCH@;id=@ID@;received=@COUNT@'];
}

/** Lines of the corpus, and one in so many (in a hundred: `share`) of those that belong to this kind. */
function lines(chance: Chance, count: number, kind: readonly string[], rarity: number): string[] {
  const gentle = chance.oneIn(4);
  return Array.from({ length: count }, () => {
    const line = chance.oneIn(rarity) ? chance.pick(kind) : chance.pick(corpus);
    return gentle && !chance.oneIn(6) ? line : mutated(line, chance, corpus);
  });
}
