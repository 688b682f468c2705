// The example controller, its nodes and ed-link, as a user would run them.

import type { Test } from 'tap';
import type { Ended, Program } from './programs.ts';
import { start } from './programs.ts';
import { until } from './world.ts';

export interface Place {
  readonly program: Program;
  /** 127.0.0.1:port */
  readonly address: string;
}

export async function startController(t: Test, ...words: string[]): Promise<Place> {
  const own = words.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
  const program = start(t, 'examples/link-controller', [...own, ...words]);
  return { program, address: await program.says(/listening on ws:\/\/(\S+)\/api\/socket/) };
}

/** A node that has registered. */
export async function startNode(t: Test, address: string, id: number, ...words: string[]): Promise<Program> {
  const name = ['alpha', 'beta'][id - 1] ?? `node-${id}`;
  const own = ['--controller', address, '--id', String(id), '--name', name, '--every', '100ms'];
  const program = start(t, 'examples/link-node', [...own, ...words]);
  await program.says(/registered with/);
  return program;
}

/** Runs ed-link to its end; a busy machine has its time. */
export async function edLink(
  t: Test,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended & { readonly out: string; readonly err: string }> {
  const program = start(t, 'tools/ed-link', words, { ED_LINK_TIMEOUT: '60', ...environment });
  const ended = await program.ended;
  return { ...ended, out: program.out, err: program.err };
}

/** Each of the cases, a few at the same time: a program takes most of its time to start. */
export async function eachOf<T>(cases: readonly T[], run: (one: T) => Promise<void>): Promise<void> {
  const left = cases.values();
  const take = async (): Promise<void> => {
    for (const one of left) await run(one);
  };
  await Promise.all(Array.from({ length: 4 }, take));
}

type Line = { readonly [name: string]: unknown };

/** `ed-link watch --json`, read line by line. */
export class Watch {
  readonly program: Program;

  constructor(t: Test, address: string) {
    this.program = start(t, 'tools/ed-link', ['watch', '--json', '--address', address]);
  }

  get lines(): Line[] {
    const whole = this.program.out.split('\n').slice(0, -1);
    return whole.map(line => JSON.parse(line) as Line);
  }

  /** Waits for a line, not among the first `from`, that has these values (one of them, in a list); gives its place. */
  async sees(values: Line, from = 0): Promise<number> {
    const fits = (line: Line): boolean =>
      Object.entries(values).every(([name, value]) => [value].flat().includes(line[name]));
    const at = (): number => this.lines.findIndex((line, index) => index >= from && fits(line));
    await until(JSON.stringify(values), () => at() >= 0).catch((error: Error) => {
      throw new Error(`${error.message}, in:\n${this.program.out}${this.program.err}`);
    });
    return at();
  }
}
