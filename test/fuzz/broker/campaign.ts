// One run against a broker: the process, the noise, the good services in it, and what was found at the end.
//
//   open ─▶ warm up ─▶ rest, measure ─▶ the same for longer, with checks ─▶ rest, measure ─▶ figures
//
//   each time: noise, then many who come and go at once, then a crowd

import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Pace, until } from '../../chaos/stage/pace.ts';
import type { Plan } from '../campaign.ts';
import { pingBound } from '../campaign.ts';
import { Players } from '../play/players.ts';
import type { Memory } from '../programs/memory.ts';
import type { Row } from '../verdict.ts';
import { count, judged, memoryRows, shown } from '../verdict.ts';
import { Daemon } from '../watch/daemon.ts';
import type { GoodOpening, GoodState } from './good-program.ts';
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
/** So many a second register before that, and drop their link at once; for so many ms, under so many names. */
const comers = { perSecond: 1_000, quick: 1_000, long: 20_000, names: 500 } as const;

/** What a broker may have more of after a short run: its tables are not full yet when it has warmed up. */
const slack: number = 16 * 2 ** 20;

interface Outcome {
  readonly inputs: number;
  readonly scripts: number;
  readonly seconds: number;
  /** How many registered and dropped their link, in how many ms; and how many links the crowd had at once. */
  readonly came: { readonly count: number; readonly ms: number };
  readonly crowd: number;
  readonly broker: BrokerFigures | undefined;
  readonly good: GoodState | undefined;
  readonly before: Memory | undefined;
  readonly after: Memory | undefined;
  readonly peak: number;
  /** What was not quiet when it should have been. */
  readonly unrest: readonly string[];
  readonly crash: string | undefined;
  readonly errors: string;
}

const none = { sent: 0, requests: 0, missing: [], posed: [], failures: [], unsettled: 0, stall: 0 };
/** Of services whose process has ended nothing is known, and nothing is well. */
const noGood: GoodState = {
  ...none,
  lost: Number.NaN,
  twice: Number.NaN,
  outOfOrder: Number.NaN,
  slowest: Number.NaN,
  slowestNet: Number.NaN,
};

export class BrokerCampaign {
  readonly #plan: Plan;
  readonly #daemon = new Daemon('broker/program');
  readonly #folder = mkdtempSync(join(tmpdir(), 'fuzz-broker-'));
  readonly #good = new Daemon('broker/good-program');
  #players: Players | undefined;
  /** What was not quiet when it should have been. */
  readonly #unrest: string[] = [];
  #came = { count: 0, ms: 0 };
  #crowded = 0;
  #peak = 0;
  #crash: string | undefined;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  async run(): Promise<Row[]> {
    const start = performance.now();
    try {
      const { players, places } = await this.#open();
      await this.#all(players, places, this.#plan.warmUp);
      const before = await this.#rest();
      const warmedUp = players.sent;
      if (this.#crash === undefined) await this.#all(players, places, warmedUp + this.#plan.inputs);
      const after = await this.#rest();
      const broker = await this.#ask<BrokerFigures>('figures');
      const good = await this.#ask<GoodState>('figures', this.#good);
      const seconds = (performance.now() - start) / 1_000;
      const counts = { inputs: players.sent - warmedUp, scripts: players.scripts - this.#plan.first, seconds };
      const many = { came: this.#came, crowd: this.#crowded };
      const found = { ...many, crash: this.#crash, errors: this.#daemon.errors, peak: this.#peak };
      return rowsOf({ ...counts, broker, good, unrest: this.#unrest, before, after, ...found });
    } finally {
      await this.#close();
    }
  }

  async #open(): Promise<{ players: Players; places: BrokerPlaces }> {
    const opening: BrokerOpening = { socket: join(this.#folder, 'socket'), store: join(this.#folder, 'store') };
    const places = await this.#daemon.ask<BrokerPlaces>('open', opening);
    await this.#good.ask('open', { word, ...places } satisfies GoodOpening);
    const { unix, tcp, udp } = places;
    const targets = { tcp, strict: tcp, unix, packets: udp, rotate: udp, link: tcp };
    const stolen = { first: this.#plan.first, stolen: () => '0000000000000000' };
    this.#players = new Players(new BrokerScripts(this.#plan.seed), targets, stolen);
    return { players: this.#players, places };
  }

  /** All kinds of harm, until so many inputs went out. */
  async #all(players: Players, places: BrokerPlaces, inputs: number): Promise<void> {
    await this.#noise(players, inputs);
    if (this.#crash === undefined) await this.#comeAndGo(places);
    if (this.#crash === undefined) await this.#crowd(places);
  }

  async #noise(players: Players, inputs: number): Promise<void> {
    await this.#ask('resume', this.#good);
    let state: 'on' | 'over' = 'on';
    const noise = players
      .run(() => players.sent >= inputs || this.#looksDead(players))
      .then(() => {
        state = 'over';
      });
    while (state === 'on' && this.#crash === undefined) {
      await Promise.race([noise, pause(checkEvery)]);
      await this.#ask('ask', this.#good);
      await this.#look(players);
    }
    await noise;
  }

  async #look({ sent, scripts }: Players): Promise<void> {
    const { rss = 0, stall = 0 } = (await this.#ask<Memory & { stall: number }>('memory')) ?? {};
    this.#peak = Math.max(this.#peak, rss);
    const good = await this.#ask<GoodState>('figures', this.#good);
    const stalls = `${stall} and ${good?.stall} ms`;
    const { missing = [], failures = [], slowest = 0 } = good ?? {};
    const bad = [...missing, ...failures.slice(-1), `slowest ${Math.round(slowest)}`].join('; ');
    this.#plan.progress(
      `${sent} inputs, ${scripts} scripts, ${Math.round(rss / 2 ** 20)} MiB, stood still ${stalls}; ${bad}`,
    );
  }

  get #isLong(): boolean {
    return this.#plan.inputs > 100_000;
  }

  /** One after the other, very quickly: each registers, and drops its link at once. */
  async #comeAndGo({ unix }: BrokerPlaces): Promise<void> {
    await this.#ask('resume', this.#good);
    const path = unix.slice('unix:'.length);
    this.#came = { count: 0, ms: 0 };
    const start = performance.now();
    const pace = new Pace(comers.perSecond, () => {
      const socket = net.connect(path).on('error', () => undefined);
      const name = `comer${this.#came.count % comers.names}`;
      socket.write(`REGISTER service=${name};version=1\nCOMMANDS list=TICK\n`, () => socket.destroy());
      this.#came.count += 1;
    });
    const end = start + (this.#isLong ? comers.long : comers.quick);
    while (performance.now() < end && this.#crash === undefined) {
      await pause(checkEvery);
      await this.#ask('ask', this.#good);
      this.#peak = Math.max(this.#peak, (await this.#ask<Memory>('memory'))?.rss ?? 0);
    }
    pace.stop();
    this.#came.ms = performance.now() - start;
  }

  /** Many at once: each registers, knows what is broadcast, reads nothing, and goes without a word. */
  async #crowd({ unix }: BrokerPlaces): Promise<void> {
    const size = this.#isLong ? crowds.long : crowds.quick;
    const path = unix.slice('unix:'.length);
    const sockets = Array.from({ length: size }, (_, at) => {
      const socket = net.connect(path);
      socket.on('error', () => undefined);
      socket.write(
        `REGISTER service=crowd${at};version=1\nCOMMANDS list=TICK,NEWS\n*/NEWS text=${'x'.repeat(2_000)}\n`,
      );
      return socket;
    });
    await this.#ask('ask', this.#good);
    await pause(300);
    await this.#ask('ask', this.#good);
    this.#peak = Math.max(this.#peak, (await this.#ask<Memory>('memory'))?.rss ?? 0);
    this.#crowded = sockets.filter(({ destroyed, connecting }) => !destroyed && !connecting).length;
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
    await this.#ask('pause', this.#good);
    const quiet = async (): Promise<boolean> => {
      const figures = await this.#ask<BrokerFigures>('figures');
      const good = await this.#ask<GoodState>('figures', this.#good);
      if (figures === undefined || good === undefined) return true;
      const isAll = good.unsettled === 0 && good.lost <= figures.missed.length;
      return figures.status.connections === goodNames.length && isAll;
    };
    if (!(await until(quiet, longestRest))) await this.#noRest();
    await this.#ask('ask', this.#good);
    return this.#ask<Memory>('measure');
  }

  async #noRest(): Promise<void> {
    const { links = [] } = (await this.#ask<BrokerFigures>('figures')) ?? {};
    const { missing = [], unsettled } = (await this.#ask<GoodState>('figures', this.#good)) ?? {};
    this.#unrest.push(`${links.length} links; missing ${missing.join(', ') || 'nothing'}, ${unsettled} not settled`);
    this.#unrest.push(...links);
    this.#plan.progress(`it does not come to rest: ${this.#unrest.join('\n  ')}`);
  }

  /** Nothing where that process, usually the broker's, has ended. */
  async #ask<T>(ability: string, of: Daemon = this.#daemon): Promise<T | undefined> {
    try {
      return await of.ask<T>(ability);
    } catch (error) {
      this.#crash ??= of.crash ?? (error as Error).message;
      return undefined;
    }
  }

  async #close(): Promise<void> {
    await this.#good.ask('close').catch(() => undefined);
    this.#good.end();
    this.#daemon.end();
    this.#players?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function rowsOf({ broker, good = noGood, unrest, came, crowd, crash, errors, ...outcome }: Outcome): Row[] {
  const { rejections = [], faults = [], missed = [], services = Number.NaN, bytes = Number.NaN, state } = broker ?? {};
  const status = broker?.status;
  const rate = Math.round(outcome.inputs / outcome.seconds);
  const links = status === undefined ? Number.NaN : status.connections - goodNames.length;
  return [
    shown('inputs at the broker', `${count(outcome.inputs)} in ${outcome.scripts} scripts`),
    shown('time', `${outcome.seconds.toFixed(1)} s, ${count(rate)} inputs/s`),
    shown('registered and dropped', `${count(came.count)}, ${count(Math.round((came.count * 1_000) / came.ms))}/s`),
    shown('links of the crowd', count(crowd)),
    shown('routes', JSON.stringify(status?.routes ?? {})),
    judged('crashes', crash === undefined ? 0 : 1, 0, [...(crash === undefined ? [] : [crash]), errors]),
    judged('not open any more', state === 'open' ? 0 : 1, 0, [String(state)]),
    judged('unhandled rejections', rejections.length, 0, rejections),
    judged('errors of the runtime in the log', faults.length, 0, faults),
    shown('messages of the good services', `${count(good.sent)}, ${count(good.requests)} requests`),
    judged('  lost', good.lost - missed.length, 0, [...good.missing, ...missed]),
    shown('  broadcasts they missed', [count(missed.length), ...missed.slice(0, 1)].join(': ')),
    judged('  twice', good.twice, 0),
    judged('  out of order', good.outOfOrder, 0),
    judged('  failures', good.failures.length, 0, good.failures),
    judged('  heard from who was another', good.posed.length, 0, good.posed),
    shown('  slowest of their requests, ms', count(Math.round(good.slowest))),
    judged('    not waiting for a processor', Math.round(good.slowestNet), pingBound),
    judged('not at rest in 15 s', unrest.length, 0, unrest),
    judged('links left', links, 0),
    judged('listeners to the load left', status?.listeners ?? Number.NaN, 0),
    judged('names of services', services, limits.services),
    judged('bytes that wait', bytes, 16 * limits.bytes),
    ...memoryRows(outcome, slack),
  ];
}
