// Three of the faults for other libraries, where they are installed, beside ours under the same conditions.

import type { Fault } from '../fault.ts';
import { cut } from '../rows/link/cut.ts';
import { frozen } from '../rows/process/frozen.ts';
import { killed } from '../rows/process/killed.ts';
import { hasCommand, missingOf } from './modules.ts';
import type { WireName } from './wires.ts';
import { wires } from './wires.ts';

export interface Peers {
  readonly faults: readonly Fault[];
  /** Who is not here, and how to get them. */
  readonly missing: readonly string[];
}

/** Nobody waits longer for the detection of a frozen peer, in ms. */
const patience = { quick: 5_000, full: 60_000 } as const;
const dead = 15_000;
/** Sending goes on for so many ms after a fault: some need seconds to be back. */
const after = 5_000;

export function peers(quick: boolean): Peers {
  const lacks = (Object.keys(wires) as WireName[]).map(name => ({ name, commands: lackOf(name) }));
  const here = lacks.filter(({ commands }) => commands.length === 0).map(({ name }) => name);
  const away = quick ? 1_000 : 3_000;
  const faults = [
    ...here.map(who => cut({ who, length: away, perSecond: 200, recover: 5_000, after })),
    ...here.map(who => killed({ who, away, after })),
    ...here.map(who => frozen({ who, dead, patience: patience[quick ? 'quick' : 'full'] })),
  ];
  const missing = lacks.filter(({ commands }) => commands.length > 0);
  return { faults, missing: missing.map(({ name, commands }) => `${name} is not here: ${commands.join(' && ')}`) };
}

/** The commands that install what is missing. */
function lackOf(name: WireName): string[] {
  const { packages, broker } = wires[name];
  const missing = missingOf(packages);
  return [
    ...(missing.length > 0 ? [`npm install ${missing.join(' ')}`] : []),
    ...(broker !== undefined && !hasCommand(broker.command) ? [broker.install] : []),
  ];
}
