// One run: a daemon, the noise, the well-behaved connection in it, and what was found at the end.
//
//   open ─▶ warm up ─▶ rest, measure ─▶ noise, with checks ─▶ rest, measure ─▶ figures

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../chaos/stage/pace.ts';
import { Scripts } from './input/script.ts';
import { HostileServer } from './play/hostile-server.ts';
import { Players } from './play/players.ts';
import type { DaemonFigures, DaemonOpening, DaemonPlaces } from './programs/daemon.ts';
import type { Memory } from './programs/memory.ts';
import { Daemon } from './watch/daemon.ts';
import type { SentinelFigures } from './watch/sentinel.ts';
import { Sentinel } from './watch/sentinel.ts';

export interface Plan {
  readonly inputs: number;
  /** Of the same kind, before memory is measured for the first time. */
  readonly warmUp: number;
  readonly seed: number;
  /** Number of the first script. */
  readonly first: number;
  readonly progress: (text: string) => void;
}

export interface Outcome {
  readonly inputs: number;
  readonly scripts: number;
  readonly seconds: number;
  readonly daemon: DaemonFigures | undefined;
  readonly sentinel: SentinelFigures;
  readonly before: Memory | undefined;
  readonly after: Memory | undefined;
  readonly peak: number;
  /** How the daemon ended, and which scripts were on then. */
  readonly crash: string | undefined;
  readonly errors: string;
}

const servers = 3;
const word = 'counted';
/** Between two checks, in ms. */
const checkEvery = 2_000;
/** A PING is answered within so many ms, whatever goes on. */
export const pingBound = 5_000;
/** So long, in ms, may it take until all is quiet. */
const longestRest = 15_000;
const expected: Readonly<Record<string, number>> = {
  listener: 3,
  datagram: 1,
  'log rotate': 1,
  'permanent client': servers,
  'link server': 1,
  timer: 1,
  peer: 1,
};

export class Campaign {
  readonly #plan: Plan;
  readonly #daemon = new Daemon('programs/daemon');
  readonly #folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  readonly #servers: readonly HostileServer[];
  readonly #scripts: Scripts;
  #players: Players | undefined;
  #peak = 0;
  #crash: string | undefined;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#scripts = new Scripts(plan.seed);
    this.#servers = Array.from({ length: servers }, (_, at) => new HostileServer(new Scripts(plan.seed + at)));
  }

  async run(): Promise<Outcome> {
    const start = performance.now();
    try {
      const { sentinel, players } = await this.#open();
      await this.#noise(players, sentinel, this.#plan.warmUp);
      const before = await this.#rest(sentinel);
      const warmedUp = this.#inputs;
      if (this.#crash === undefined) await this.#noise(players, sentinel, warmedUp + this.#plan.inputs);
      const after = await this.#rest(sentinel);
      const daemon = await this.#ask<DaemonFigures>('figures');
      await sentinel.close();
      const seconds = (performance.now() - start) / 1_000;
      const counts = { inputs: this.#inputs - warmedUp, scripts: players.scripts - this.#plan.first, seconds };
      const found = { crash: this.#crash, errors: this.#daemon.errors, peak: this.#peak };
      return { ...counts, daemon, sentinel: sentinel.figures, before, after, ...found };
    } finally {
      this.#close();
    }
  }

  get #inputs(): number {
    return (this.#players?.sent ?? 0) + this.#servers.reduce((sum, { sent }) => sum + sent, 0);
  }

  async #open(): Promise<{ sentinel: Sentinel; players: Players }> {
    const ports = await Promise.all(this.#servers.map(server => server.open()));
    const opening: DaemonOpening = {
      word,
      socket: join(this.#folder, 'socket'),
      servers: ports.map(port => `tcp://127.0.0.1:${port}`),
    };
    const places = await this.#daemon.ask<DaemonPlaces>('open', opening);
    const sentinel = new Sentinel(places.tcp, word);
    await sentinel.open();
    const players = new Players(this.#scripts, places, { first: this.#plan.first, stolen: () => sentinel.id });
    this.#players = players;
    return { sentinel, players };
  }

  /** Until so many inputs went out; looks after the daemon meanwhile. */
  async #noise(players: Players, sentinel: Sentinel, inputs: number): Promise<void> {
    await this.#ask('feed');
    for (const server of this.#servers) server.begin();
    let state: 'on' | 'over' = 'on';
    const noise = players
      .run(() => this.#inputs >= inputs || this.#looksDead(players))
      .then(() => {
        state = 'over';
      });
    while (state === 'on' && this.#crash === undefined) {
      await Promise.race([noise, pause(checkEvery)]);
      await sentinel.ping(pingBound);
      const memory = await this.#ask<Memory>('memory');
      this.#peak = Math.max(this.#peak, memory?.rss ?? 0);
      const figure = Math.round((memory?.rss ?? 0) / 2 ** 20);
      this.#plan.progress(`${this.#inputs} inputs, ${players.scripts} scripts, ${figure} MiB`);
    }
    await noise;
  }

  #looksDead(players: Players): boolean {
    const { crash } = this.#daemon;
    if (crash === undefined) return false;
    this.#crash ??= `${crash}; scripts: ${[...players.playing].join(' ')}`;
    return true;
  }

  /** Waits until all is quiet, then looks at the memory. */
  async #rest(sentinel: Sentinel): Promise<Memory | undefined> {
    await this.#ask('rest');
    for (const server of this.#servers) server.rest();
    const quiet = async (): Promise<boolean> => {
      const figures = await this.#ask<DaemonFigures>('figures');
      if (figures === undefined) return true;
      const { connections, held, pending } = figures;
      return held === 0 && pending === 0 && JSON.stringify(sorted(connections)) === JSON.stringify(sorted(expected));
    };
    if (!(await until(quiet, longestRest))) this.#plan.progress('it does not come to rest');
    await sentinel.ping(pingBound);
    return this.#ask<Memory>('measure');
  }

  /** Nothing where the daemon has ended. */
  async #ask<T>(ability: string): Promise<T | undefined> {
    try {
      return await this.#daemon.ask<T>(ability);
    } catch (error) {
      this.#crash ??= this.#daemon.crash ?? (error as Error).message;
      return undefined;
    }
  }

  #close(): void {
    this.#daemon.end();
    this.#players?.close();
    for (const server of this.#servers) server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Connections that are not as they should be, in words. */
export function strangers(connections: Readonly<Record<string, number>>): string[] {
  const kinds = new Set([...Object.keys(expected), ...Object.keys(connections)]);
  return [...kinds]
    .filter(kind => connections[kind] !== expected[kind])
    .map(kind => `${connections[kind] ?? 0} ${kind}, ${expected[kind] ?? 0} expected`);
}

const sorted = (counts: Readonly<Record<string, number>>): unknown => Object.entries(counts).toSorted();
