// The whole presence of a broker in packets that NATS takes, and put together again.
//
//   presence ─cut▶ packet … packet ─▶ NATS ─▶ Gathering ─all are here▶ services
//                                                 └─ some are missing at the next beat: those are asked for
//
// 10,000 services with their commands are about 2 MB, a server of NATS takes 1 MiB. Where one packet is enough it stands for the
// whole; else each is one part of so many. A service whose commands are too many for one packet stands in several.

import type { Presence, PresentService } from '../../cluster.ts';
import type { Part } from '../wire.ts';
import { mostParts, packed } from '../wire.ts';

/** Longest packet in bytes: shorter than NATS would take, so that what others say gets in between. */
const longestPacket = 256 * 1024;

export interface Cut {
  readonly packets: readonly Buffer[];
  /** Services, or parts of their commands, for which there is no room: a name longer than a packet, more than all parts hold. */
  readonly leftOut: number;
}

/** @param longest bytes that NATS takes */
export function cut({ server, life, serial, services }: Presence, longest: number): Cut {
  const head = { server, life, serial };
  const part = (number: number, of: number, some: unknown): object => ({
    ...head,
    part: { number, of, services: some },
  });
  const room = Math.min(longestPacket, longest) - packed(part(mostParts, mostParts, [])).length;
  const rows: PresentService[][] = [[]];
  let [left, leftOut] = [room, 0];
  const place = (service: PresentService): void => {
    const bytes = Buffer.byteLength(JSON.stringify(service)) + 1;
    const { commands } = service;
    if (bytes > room) {
      if (commands.length < 2) leftOut += 1;
      else for (const some of halves(commands)) place({ ...service, commands: some });
      return;
    }
    if (bytes > left) {
      rows.push([]);
      left = room;
    }
    if (rows.length > mostParts) leftOut += 1;
    rows.at(-1)?.push(service);
    left -= bytes;
  };
  for (const service of services) place(service);
  const told = rows.slice(0, mostParts);
  const packets =
    told.length === 1
      ? [packed({ ...head, services: told[0] })]
      : told.map((some, number) => packed(part(number, told.length, some)));
  return { packets, leftOut };
}

function halves<T>(all: readonly T[]): readonly T[][] {
  const middle = all.length >> 1;
  return [all.slice(0, middle), all.slice(middle)];
}

/** The parts of one presence, until all are here. */
export class Gathering {
  readonly serial: number;
  readonly of: number;
  /** Names in what is here: of services and of commands. */
  names = 0;
  readonly #parts = new Map<number, readonly PresentService[]>();

  constructor(serial: number, of: number) {
    this.serial = serial;
    this.of = of;
  }

  /** Those that are not here. */
  get missing(): number[] {
    return Array.from({ length: this.of }, (_, number) => number).filter(number => !this.#parts.has(number));
  }

  /** Gives all services where this was the last that was missing. */
  take({ number, services }: Part): PresentService[] | undefined {
    if (!this.#parts.has(number)) this.names += namesIn(services);
    this.#parts.set(number, services);
    return this.#parts.size < this.of ? undefined : this.#joined();
  }

  /** In their order, and each once. */
  #joined(): PresentService[] {
    const all: PresentService[] = [];
    for (let number = 0; number < this.of; number += 1) {
      for (const service of this.#parts.get(number) ?? []) {
        const last = all.at(-1);
        if (last?.name !== service.name) all.push(service);
        else all[all.length - 1] = { ...last, commands: [...last.commands, ...service.commands] };
      }
    }
    return all;
  }
}

/** How many names stand there: of services, and of their commands. */
export function namesIn(services: readonly PresentService[]): number {
  return services.reduce((sum, { commands }) => sum + 1 + commands.length, 0);
}
