// A stage for services and their brokers: machines, services on them, courses of messages between these, and what became
// of all in the end.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrokerStatus } from '../../../../lib/broker/index.ts';
import type { Figures } from '../../fault.ts';
import { quantile } from '../../fault.ts';
import type { Course, CourseFigures, ServiceOpening } from '../../programs/service.ts';
import { Child } from '../child.ts';
import { pause, until } from '../pace.ts';
import type { CourseCounts, Entry } from './journal.ts';
import { countsOf, entriesOf } from './journal.ts';
import type { MachineOptions } from './machine.ts';
import { Machine } from './machine.ts';

interface ActorFigures {
  readonly courses: { readonly [course: string]: CourseFigures };
  /** When it lost its broker. */
  readonly lost: readonly number[];
  readonly rise: number;
}

/** Where nothing has changed for so long, in ms, nothing will: what was handed out to a dead broker comes again after 30 s. */
const givenUp = 45_000;
/** So long, in ms, may it take until each message has its fate and has arrived, as long as some do. */
const longestSettling = 180_000;

/** A service in a process of its own. */
export class Actor {
  readonly name: string;
  readonly journal: string;
  readonly #opening: ServiceOpening;
  #child: Child;

  constructor(opening: ServiceOpening) {
    this.#opening = opening;
    this.name = opening.name;
    this.journal = opening.journal;
    this.#child = new Child('service', opening.name);
  }

  /** Resolves when its broker knows it. */
  async open(): Promise<void> {
    await this.#child.ask('open', this.#opening);
    await this.#child.ask('mark');
  }

  go(course: Course): Promise<void> {
    return this.#child.ask('go', course);
  }

  rest(course?: string): Promise<void> {
    return this.#child.ask('rest', { course });
  }

  figures(): Promise<ActorFigures> {
    return this.#child.ask<ActorFigures>('figures');
  }

  entries(): Entry[] {
    return entriesOf(this.journal);
  }

  kill(): Promise<void> {
    return this.#child.kill();
  }

  /** A new process where the killed one was. */
  async again(): Promise<void> {
    this.#child = new Child('service', this.name);
    await this.open();
  }
}

export class Cast {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'chaos-'));
  readonly #machines: Machine[] = [];
  readonly #actors: Actor[] = [];
  readonly #senders = new Map<string, Actor>();
  /** From each fault's beginning to its end, by the clock of the system. */
  readonly #spans: { readonly began: number; ended: number }[] = [];

  /** Lets `act` play, and clears all away, whatever happened. */
  static async with<T>(act: (cast: Cast) => Promise<T>): Promise<T> {
    const cast = new Cast();
    try {
      return await act(cast);
    } finally {
      await Promise.all([...cast.#actors.map(actor => actor.kill()), ...cast.#machines.map(one => one.end())]);
      rmSync(cast.folder, { recursive: true });
    }
  }

  async machine(options: MachineOptions): Promise<Machine> {
    const machine = new Machine(this.folder, options);
    this.#machines.push(machine);
    await machine.start();
    return machine;
  }

  async service(machine: Machine, name: string, traits: Pick<ServiceOpening, 'slow' | 'memory'> = {}): Promise<Actor> {
    const journal = join(this.folder, `${machine.name}-${name}`);
    const actor = new Actor({ name, broker: machine.address, journal, ...traits });
    this.#actors.push(actor);
    await actor.open();
    return actor;
  }

  /** From now on it sends. */
  async go(sender: Actor, course: Course): Promise<void> {
    this.#senders.set(course.course, sender);
    await sender.go(course);
  }

  /** A fault begins. */
  begins(): void {
    this.#spans.push({ began: Date.now(), ended: Number.POSITIVE_INFINITY });
  }

  /** The last fault ends; gives when. */
  ends(): number {
    const now = Date.now();
    const span = this.#spans.at(-1);
    if (span !== undefined) span.ended = now;
    return now;
  }

  /** Whether a fault lasted then. */
  isAway(time: number): boolean {
    return this.#spans.some(({ began, ended }) => time >= began && time < ended);
  }

  /** For each fault, from its beginning (or its end): ms until the first of these times. */
  since(what: 'began' | 'ended', times: readonly number[]): number | undefined {
    const waits = this.#spans.map(span => {
      const [first = Number.POSITIVE_INFINITY] = times.filter(time => time >= span[what]).sort((a, b) => a - b);
      return first - span[what];
    });
    const worst = quantile(waits, 0.99);
    return worst === Number.POSITIVE_INFINITY ? undefined : worst;
  }

  /** Waits until it is so at that broker; gives the ms that it took. @throws Error when that takes too long */
  async when(machine: Machine, asked: (status: BrokerStatus) => boolean, longest: number): Promise<number> {
    const begin = performance.now();
    const so = async (): Promise<boolean> => {
      const status = await machine.status();
      return status !== undefined && asked(status);
    };
    if (await until(so, longest)) return performance.now() - begin;
    throw new Error(`the broker of ${machine.name} does not know it after ${longest} ms`);
  }

  /** Nobody sends any more; waits until each message has its fate, and what was not refused has been handled. */
  async settled(): Promise<void> {
    await Promise.all(this.#actors.map(actor => actor.rest()));
    const end = performance.now() + longestSettling;
    let latest = performance.now();
    let least = Number.POSITIVE_INFINITY;
    while (performance.now() < end && performance.now() - latest < givenUp) {
      const counts = await this.#allCounts();
      const left = counts.reduce((sum, { lost, pending }) => sum + lost + pending, 0);
      if (left === 0) break;
      if (left < least) latest = performance.now();
      least = Math.min(least, left);
      await pause(100);
    }
    // What comes twice may still come.
    await pause(500);
  }

  /** What became of one course, in the end. */
  async counts(course: string): Promise<CourseCounts & { readonly pending: number }> {
    const figures = (await this.#senders.get(course)?.figures())?.courses[course];
    if (figures === undefined) throw new Error(`nobody sends ${course}`);
    const journals = this.#actors.map(({ journal }) => journal);
    return { ...countsOf(course, figures, journals), pending: figures.pending };
  }

  /** What became of all courses, in the end. */
  async figures(): Promise<Figures> {
    const all = await this.#allCounts();
    const rises = await Promise.all([...new Set(this.#senders.values())].map(async one => (await one.figures()).rise));
    const sum = (name: keyof CourseCounts | 'pending'): number => all.reduce((total, one) => total + one[name], 0);
    return {
      messages: sum('messages'),
      refused: sum('refused'),
      lost: sum('lost'),
      duplicated: sum('duplicated'),
      reordered: sum('reordered'),
      peak: Math.max(0, ...rises) / 2 ** 20,
      reported: sum('reported'),
      'confirmed but lost': sum('confirmed but lost'),
      'refused but handled': sum('refused but handled'),
      'twice in one life': sum('twice in one life'),
      'without a fate': sum('pending'),
    };
  }

  #allCounts(): Promise<(CourseCounts & { readonly pending: number })[]> {
    return Promise.all([...this.#senders.keys()].map(course => this.counts(course)));
  }
}

/** Nothing of this may happen to a message, whatever happens to brokers. */
export const nothingLost = {
  lost: 0,
  duplicated: 0,
  reordered: 0,
  'confirmed but lost': 0,
  'refused but handled': 0,
  'without a fate': 0,
} as const;
