// One run against a broker: the process, the noise, the good services in it, and what was found at the end.
//
//   open ─▶ warm up ─▶ rest, measure ─▶ noise, with checks ─▶ crowd ─▶ rest, measure ─▶ figures

import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../chaos/stage/pace.ts';
import type { Plan } from '../campaign.ts';
import { pingBound } from '../campaign.ts';
import { Players } from '../play/players.ts';
import type { Memory } from '../programs/memory.ts';
import type { Row } from '../verdict.ts';
import { count, judged, memoryRows, shown } from '../verdict.ts';
import { Daemon } from '../watch/daemon.ts';
import type { GoodFigures } from './good.ts';
import { GoodServices } from './good.ts';
import type { BrokerFigures, BrokerOpening, BrokerPlaces } from './program.ts';
import { limits } from './program.ts';
import { BrokerScripts, goodNames } from './scripts.ts';

const word = 'f3b1c9e2';
/** Between two checks, in ms. */
const checkEvery = 500;
/** So long, in ms, may it take until all is quiet. */
const longestRest = 15_000;
/** Links that are opened at once at the end, register each, and read nothing. */
const crowds = { quick: 200, long: 3_000 } as const;

/** What a broker may have more of after a short run: its tables are not full yet when it has warmed up. */
const slack: number = 16 * 2 ** 20;

interface Outcome {
  readonly inputs: number;
  readonly scripts: number;
  readonly seconds: number;
  readonly broker: BrokerFigures | undefined;
  readonly good: GoodFigures;
  readonly before: Memory | undefined;
  readonly after: Memory | undefined;
  readonly peak: number;
  readonly crash: string | undefined;
  readonly errors: string;
}

export class BrokerCampaign {
  readonly #plan: Plan;
  readonly #daemon = new Daemon('broker/program');
  readonly #folder = mkdtempSync(join(tmpdir(), 'fuzz-broker-'));
  readonly #good = new GoodServices(word);
  #players: Players | undefined;
  #peak = 0;
  #crash: string | undefined;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  async run(): Promise<Row[]> {
    const start = performance.now();
    try {
      const { players, places } = await this.#open();
      await this.#noise(players, this.#plan.warmUp);
      const before = await this.#rest();
      const warmedUp = players.sent;
      if (this.#crash === undefined) await this.#noise(players, warmedUp + this.#plan.inputs);
      if (this.#crash === undefined) await this.#crowd(places);
      const after = await this.#rest();
      const broker = await this.#ask<BrokerFigures>('figures');
      const seconds = (performance.now() - start) / 1_000;
      const counts = { inputs: players.sent - warmedUp, scripts: players.scripts - this.#plan.first, seconds };
      const found = { crash: this.#crash, errors: this.#daemon.errors, peak: this.#peak };
      return rowsOf({ ...counts, broker, good: this.#good.figures, before, after, ...found });
    } finally {
      await this.#close();
    }
  }

  async #open(): Promise<{ players: Players; places: BrokerPlaces }> {
    const opening: BrokerOpening = { socket: join(this.#folder, 'socket'), store: join(this.#folder, 'store') };
    const places = await this.#daemon.ask<BrokerPlaces>('open', opening);
    await this.#good.open(places);
    const { unix, tcp, udp } = places;
    const targets = { tcp, strict: tcp, unix, packets: udp, rotate: udp, link: tcp };
    const stolen = { first: this.#plan.first, stolen: () => '0000000000000000' };
    this.#players = new Players(new BrokerScripts(this.#plan.seed), targets, stolen);
    return { players: this.#players, places };
  }

  async #noise(players: Players, inputs: number): Promise<void> {
    this.#good.resume();
    let state: 'on' | 'over' = 'on';
    const noise = players
      .run(() => players.sent >= inputs || this.#looksDead(players))
      .then(() => {
        state = 'over';
      });
    while (state === 'on' && this.#crash === undefined) {
      await Promise.race([noise, pause(checkEvery)]);
      await this.#good.ask();
      const memory = await this.#ask<Memory>('memory');
      this.#peak = Math.max(this.#peak, memory?.rss ?? 0);
      const figure = Math.round((memory?.rss ?? 0) / 2 ** 20);
      this.#plan.progress(`${players.sent} inputs, ${players.scripts} scripts, ${figure} MiB`);
    }
    await noise;
  }

  /** Many at once: each registers, knows what is broadcast, reads nothing, and goes without a word. */
  async #crowd({ unix }: BrokerPlaces): Promise<void> {
    const size = this.#plan.inputs > 100_000 ? crowds.long : crowds.quick;
    const path = unix.slice('unix:'.length);
    const sockets = Array.from({ length: size }, (_, at) => {
      const socket = net.connect(path);
      socket.on('error', () => undefined);
      socket.write(
        `REGISTER service=crowd${at};version=1\nCOMMANDS list=TICK,NEWS\n*/NEWS text=${'x'.repeat(2_000)}\n`,
      );
      return socket;
    });
    await this.#good.ask();
    await pause(300);
    await this.#good.ask();
    this.#peak = Math.max(this.#peak, (await this.#ask<Memory>('memory'))?.rss ?? 0);
    for (const socket of sockets) socket.destroy();
  }

  #looksDead(players: Players): boolean {
    const { crash } = this.#daemon;
    if (crash === undefined) return false;
    this.#crash ??= `${crash}; scripts: ${[...players.playing].join(' ')}`;
    return true;
  }

  /** Waits until all is quiet, then looks at the memory. */
  async #rest(): Promise<Memory | undefined> {
    this.#good.pause();
    const quiet = async (): Promise<boolean> => {
      const figures = await this.#ask<BrokerFigures>('figures');
      return figures === undefined || (figures.status.connections === goodNames.length && this.#good.settled);
    };
    if (!(await until(quiet, longestRest))) this.#plan.progress('it does not come to rest');
    await this.#good.ask();
    return this.#ask<Memory>('measure');
  }

  /** Nothing where the broker has ended. */
  async #ask<T>(ability: string): Promise<T | undefined> {
    try {
      return await this.#daemon.ask<T>(ability);
    } catch (error) {
      this.#crash ??= this.#daemon.crash ?? (error as Error).message;
      return undefined;
    }
  }

  async #close(): Promise<void> {
    await this.#good.close();
    this.#daemon.end();
    this.#players?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function rowsOf({ broker, good, crash, errors, ...outcome }: Outcome): Row[] {
  const { rejections = [], faults = [], services = Number.NaN, bytes = Number.NaN, state } = broker ?? {};
  const status = broker?.status;
  const rate = Math.round(outcome.inputs / outcome.seconds);
  const links = status === undefined ? Number.NaN : status.connections - goodNames.length;
  return [
    shown('inputs at the broker', `${count(outcome.inputs)} in ${outcome.scripts} scripts`),
    shown('time', `${outcome.seconds.toFixed(1)} s, ${count(rate)} inputs/s`),
    shown('routes', JSON.stringify(status?.routes ?? {})),
    judged('crashes', crash === undefined ? 0 : 1, 0, [...(crash === undefined ? [] : [crash]), errors]),
    judged('not open any more', state === 'open' ? 0 : 1, 0, [String(state)]),
    judged('unhandled rejections', rejections.length, 0, rejections),
    judged('errors of the runtime in the log', faults.length, 0, faults),
    shown('messages of the good services', `${count(good.sent)}, ${count(good.requests)} requests`),
    judged('  lost', good.lost, 0, good.failures),
    judged('  twice', good.twice, 0),
    judged('  out of order', good.outOfOrder, 0),
    judged('  failures', good.failures.length, 0, good.failures),
    judged('  heard from who was another', good.posed.length, 0, good.posed),
    judged('  slowest of their requests, ms', Math.round(good.slowest), pingBound),
    judged('links left', links, 0),
    judged('listeners to the load left', status?.listeners ?? Number.NaN, 0),
    judged('names of services', services, limits.services),
    judged('bytes that wait', bytes, 16 * limits.bytes),
    ...memoryRows(outcome, slack),
  ];
}
