// Watches a file, a folder, or names by pattern, and tells what has changed. What the system says is taken as a hint to
// look: what is told comes from a comparison of what is there with what was there, so that the last state is never
// missed, whatever happened in between.
//
//   idle ─start▶ opening ─opened▶ watching ◀─back── missing        idle, opening, watching, missing ─stop▶ closed
//                   └─failed▶ closed  │ └─vanished────▲ │
//                                     └─failed▶ closed ◀┘
//
//   looking:   quiet ─hint▶ waiting ─due▶ looking ─done▶ quiet
//                              ▲             └─hint▶ again ─done▶ waiting

import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { Cancel } from '../base/clock.ts';
import { asError, NetworkError, reasonOf, UsageError } from '../base/errors.ts';
import { guarded } from '../base/guard.ts';
import { inRange, refuseUnknown, wholeInRange } from '../base/options.ts';
import type { StateTable } from '../base/state-table.ts';
import { StateMachine } from '../base/state-table.ts';
import type { ConnectionOptions, Owner } from './connection.ts';
import { OpeningConnection } from './parts/opening-connection.ts';
import { isPattern, namePattern } from './watch/pattern.ts';
import type { Change, Tree, TreeRules } from './watch/tree.ts';
import { differences, isVanished, readTree } from './watch/tree.ts';
import { Watchers } from './watch/watchers.ts';

export type WatchState = 'idle' | 'opening' | 'watching' | 'missing' | 'closed';
type WatchEvent = 'start' | 'opened' | 'vanished' | 'back' | 'failed' | 'stop';
type LookState = 'quiet' | 'waiting' | 'looking' | 'again';

export const watchTable: StateTable<WatchState, WatchEvent> = {
  idle: { start: 'opening', stop: 'closed' },
  opening: { opened: 'watching', failed: 'closed', stop: 'closed' },
  watching: { vanished: 'missing', failed: 'closed', stop: 'closed' },
  missing: { back: 'watching', failed: 'closed', stop: 'closed' },
  closed: {},
};

export const lookTable: StateTable<LookState, 'hint' | 'due' | 'done'> = {
  quiet: { hint: 'waiting' },
  waiting: { hint: 'waiting', due: 'looking' },
  looking: { hint: 'again', done: 'quiet' },
  again: { hint: 'again', done: 'waiting' },
};

export interface WatchOptions extends ConnectionOptions {
  /** Folders inside as well, however deep; links are not followed. @default false */
  readonly recursive?: boolean | undefined;
  /** Tells what is there at the start as `created`. @default false */
  readonly existing?: boolean | undefined;
  /** What happens within so many ms is looked at once. @default 50 */
  readonly settle?: number | undefined;
  /** Looks each so many ms, whatever the system says: for network folders, where it says nothing. @default 0: does not */
  readonly poll?: number | undefined;
  /** Entries at most; more end it with WATCH_FAILED. @default 10_000 */
  readonly most?: number | undefined;
}

export type WatchEvents = { watching: [folder: string]; close: [] };

const knownOptions: { [K in keyof Required<WatchOptions>]: 0 } = {
  name: 0,
  priority: 0,
  recursive: 0,
  existing: 0,
  settle: 0,
  poll: 0,
  most: 0,
};

/** Where the system does not watch for us, or the folder is not there, it is looked at each so many ms. */
const pollTime = 1_000;
const nothing: Tree = { folders: new Map(), entries: new Map(), unreadable: new Map() };

/** `ready` gives the folder once it is watched: what happens from then on is told. */
export class FileWatch extends OpeningConnection<WatchState, WatchEvent, WatchEvents> {
  readonly #path: string;
  readonly #options: WatchOptions;
  readonly #handler: (change: Change) => unknown;
  readonly #look = new StateMachine(lookTable, 'quiet');
  readonly #watchers = new Watchers((path, kind) => this.#heard(path, kind));
  #folder = '';
  #rules: TreeRules | undefined;
  #tree: Tree = nothing;
  /** Paths that the system says were written since the last look began. */
  #touched = new Set<string>();
  #told = new Set<string>();
  #polling = 0;
  #changes = 0;
  #cancelLook: Cancel = () => undefined;
  #cancelPoll: Cancel = () => undefined;

  /** @throws UsageError INVALID_VALUE, UNKNOWN_OPTION, OUT_OF_RANGE */
  constructor(path: string, handler: (change: Change) => unknown, options: WatchOptions = {}) {
    const { name = path, priority } = options;
    super('watch', { name, priority }, new StateMachine(watchTable, 'idle'));
    refuseUnknown('watch', knownOptions, options);
    if (path === '') throw new UsageError('INVALID_VALUE', 'there is no path to watch');
    if (isPattern(dirname(path))) throw new UsageError('INVALID_VALUE', `a pattern is for the last name only: ${path}`);
    namePattern(basename(path));
    inRange('settle', options.settle ?? 0, 0, 60_000);
    inRange('poll', options.poll ?? 0, 0, Number.MAX_SAFE_INTEGER);
    wholeInRange('most', options.most ?? 1, 1, 10_000_000);
    this.#path = path;
    this.#handler = handler;
    this.#options = options;
    this.#polling = options.poll ?? 0;
  }

  protected override begin(_owner: Owner): void {
    this.machine.step('start');
    this.#open().catch((error: unknown) => this.#fail(error));
  }

  protected override enabledChanged(): void {
    if (this.enabled && this.owner !== undefined) this.#hint();
  }

  protected override details(): object {
    const { folders, entries } = this.#tree;
    const polled = this.#polling > 0 ? this.#polling : undefined;
    return {
      folders: folders.size,
      entries: entries.size,
      watches: this.#watchers.size,
      polled,
      changes: this.#changes,
    };
  }

  async #open(): Promise<void> {
    const path = resolve(this.#path);
    const pattern = isPattern(basename(path));
    const kind = pattern ? undefined : await stat(path).catch(() => undefined);
    const { recursive = false, most = 10_000 } = this.#options;
    this.#folder = kind?.isDirectory() ? path : dirname(path);
    const expression = kind?.isDirectory() ? /^/ : namePattern(basename(path));
    this.#rules = { wanted: name => expression.test(name), recursive, most };
    const first = await readTree(this.#folder, this.#rules);
    if (this.state === 'closed') return;
    if (this.#options.existing !== true) this.#tree = first;
    this.#watch(first);
    this.machine.step('opened');
    this.opened('watching', this.#folder);
    this.#poll();
    this.#hint();
  }

  #heard(path: string, kind: 'rename' | 'change'): void {
    if (kind === 'change') this.#touched.add(path);
    this.#hint();
  }

  /** Something may have changed. */
  #hint(): void {
    if (!this.enabled || this.state === 'closed' || this.state === 'opening') return;
    const before = this.#look.state;
    this.#look.step('hint');
    if (before === 'quiet') this.#soon();
  }

  #soon(): void {
    this.#cancelLook = this.#owned.clock.after(this.#options.settle ?? 50, () => {
      this.#look.step('due');
      this.#compare().catch((error: unknown) => this.#fail(error));
    });
  }

  async #compare(): Promise<void> {
    const touched = this.#touched;
    this.#touched = new Set();
    const tree = await readTree(this.#folder, this.#rules as TreeRules).catch((error: unknown) => {
      if (isVanished(error)) return undefined;
      throw error;
    });
    if (this.state === 'closed') return;
    if (!this.enabled) {
      for (const path of touched) this.#touched.add(path);
      return this.#looked();
    }
    const step = tree === undefined ? 'vanished' : 'back';
    if (this.machine.attempt(step)) this.log('warn', `${this.#folder}: ${step}`);
    const { entries } = this.#tree;
    this.#tree = tree ?? nothing;
    const added = this.#watch(this.#tree);
    this.#poll();
    this.#tell(entries, touched);
    this.#looked();
    // What happened in a folder before it was watched, nobody has told.
    if (added > 0) this.#hint();
  }

  #looked(): void {
    this.#look.step('done');
    if (this.#look.state === 'waiting') this.#soon();
  }

  #tell(before: Tree['entries'], touched: ReadonlySet<string>): void {
    const { entries } = this.#tree;
    const changes = differences(before, entries);
    const known = new Set(changes.map(({ path }) => path));
    // Written again within the grain of the file's time: its state looks the same.
    for (const path of touched) {
      const same = before.get(path)?.state === entries.get(path)?.state;
      if (same && entries.get(path)?.kind === 'file' && !known.has(path)) changes.push({ kind: 'changed', path });
    }
    for (const change of changes) {
      if (this.state === 'closed') return;
      this.#changes += 1;
      guarded(
        () => this.#handler(change),
        error => this.log('error', `handler failed: ${reasonOf(error)}`, { error }),
      );
    }
  }

  /** Watches the folders of the tree; says how many are new. */
  #watch({ folders, unreadable }: Tree): number {
    for (const [folder, error] of unreadable) this.#once(`cannot read ${folder}: ${reasonOf(error)}`);
    return this.#watchers.follow(folders, (_, error) => {
      this.#polling ||= pollTime;
      const limit = (error as NodeJS.ErrnoException).code === 'ENOSPC' ? ' (see fs.inotify.max_user_watches)' : '';
      this.#once(`the system does not watch: ${reasonOf(error)}${limit}; it is looked at each ${this.#polling} ms`);
    });
  }

  #once(text: string): void {
    if (this.#told.has(text)) return;
    this.#told.add(text);
    this.log('error', text);
  }

  /** Looks again later, where nobody says when. */
  #poll(): void {
    this.#cancelPoll();
    const time = this.#polling === 0 && this.state === 'missing' ? pollTime : this.#polling;
    if (time === 0) return;
    this.#cancelPoll = this.#owned.clock.after(time, () => {
      this.#poll();
      this.#hint();
    });
  }

  #fail(thrown: unknown): void {
    const cause = asError(thrown);
    this.failed(new NetworkError('WATCH_FAILED', `cannot watch ${this.#path}: ${cause.message}`, { cause }));
  }

  get #owned(): Owner {
    return this.owner as Owner;
  }

  protected override shut(): void {
    this.#cancelLook();
    this.#cancelPoll();
    this.#watchers.close();
  }
}
