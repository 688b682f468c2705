// A service of a broker: delivers numbered messages to others and knows what became of each; writes down each that it
// handles, before it counts as handled.

import { randomBytes } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { Communicator, LimitError } from '../../../lib/index.ts';
import { Service } from '../../../lib/protocol/service/index.ts';
import { serve } from '../stage/child.ts';
import { Pace, pause } from '../stage/pace.ts';
import { mark, measure, rise } from '../stage/rise.ts';

export interface ServiceOpening {
  readonly name: string;
  /** Where its broker is. */
  readonly broker: string;
  /** A line for each message: when (ms since 1970), this life, course, number, how long it was on its way (ms). */
  readonly journal: string;
  /** Handling one message takes so many ms. */
  readonly slow?: number | undefined;
  /** `on disk`: names of what it begins to handle outlive it. */
  readonly memory?: 'on disk' | undefined;
}

/** Messages of one sender to one service, numbered from 0 on. */
export interface Course {
  /** Names it in journals. */
  readonly course: string;
  readonly to: string;
  readonly perSecond: number;
  /** The wish for the cache, `ttl=60s` say. */
  readonly cache?: string | undefined;
}

export interface CourseFigures {
  readonly accepted: number;
  /** Refused at once by a full outbox. */
  readonly refused: number;
  /** Their fate is not known yet. */
  readonly pending: number;
  readonly confirmed: readonly number[];
  /** Numbers by the code with which they were refused later. */
  readonly rejected: { readonly [code: string]: readonly number[] };
}

const life = randomBytes(4).toString('hex');
const now = (): number => performance.timeOrigin + performance.now();

class Delivering {
  readonly #service: Service;
  readonly #course: Course;
  readonly #pace: Pace;
  readonly #rejected: { [code: string]: number[] } = {};
  readonly #confirmed: number[] = [];
  #next = 0;
  #refused = 0;
  #pending = 0;

  constructor(service: Service, course: Course) {
    this.#service = service;
    this.#course = course;
    this.#pace = new Pace(course.perSecond, () => this.#deliver());
  }

  rest(): void {
    this.#pace.stop();
  }

  get figures(): CourseFigures {
    return {
      accepted: this.#next - this.#refused,
      refused: this.#refused,
      pending: this.#pending,
      confirmed: this.#confirmed,
      rejected: this.#rejected,
    };
  }

  #deliver(): void {
    const { course, to, cache } = this.#course;
    const n = this.#next;
    this.#next += 1;
    this.#pending += 1;
    this.#service
      .deliver(`${to}/NOTE`, { course, n, at: now().toFixed(3), cache })
      .then(
        () => void this.#confirmed.push(n),
        (error: { readonly code?: string }) => this.#failed(n, error),
      )
      .finally(() => {
        this.#pending -= 1;
      });
  }

  #failed(n: number, error: { readonly code?: string }): void {
    if (error instanceof LimitError && error.code === 'OUTBOX_FULL') this.#refused += 1;
    const code = error.code ?? String(error);
    const those = this.#rejected[code] ?? [];
    those.push(n);
    this.#rejected[code] = those;
  }
}

const courses = new Map<string, Delivering>();
const lost: number[] = [];
let service: Service | undefined;

/** Resolves when its broker knows it. */
function open({ name, broker, journal, slow = 0, memory }: ServiceOpening): Promise<void> {
  const file = openSync(journal, 'a');
  const once = memory && { directory: `${journal}-once`, order: 'note first' as const };
  const mine = new Service(name, { broker, communicator: new Communicator(), link: { once } }).on('NOTE', message => {
    const when = now();
    const way = when - Number(message.string('at'));
    writeSync(file, `${when} ${life} ${message.string('course')} ${message.integer('n')} ${way}\n`);
    return slow > 0 ? pause(slow) : undefined;
  });
  service = mine;
  mine.when('state', state => state === 'seeking' && lost.push(Date.now()));
  setInterval(measure, 20).unref();
  void mine.run();
  return new Promise(resolve => mine.when('started', () => resolve()));
}

function go(course: Course): void {
  if (service !== undefined) courses.set(course.course, new Delivering(service, course));
}

function rest({ course }: { readonly course?: string }): void {
  for (const [name, one] of courses) if (course === undefined || course === name) one.rest();
}

const figures = (): object => ({
  courses: Object.fromEntries([...courses].map(([name, one]) => [name, one.figures])),
  lost,
  rise: rise(),
});

serve({ open, go, rest, mark, figures });
