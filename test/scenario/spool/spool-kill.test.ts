// Real processes on a real disk, killed at arbitrary moments.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Spool } from '../../../lib/spool/index.ts';
import { start } from '../../support/programs.ts';
import { until } from '../../support/world.ts';

const lives = 20;

/** The last id that the program said with each letter; a line that was cut off by its death counts for nothing. */
function saidLast(out: string, letter: string): number {
  const whole = out.slice(0, out.lastIndexOf('\n') + 1);
  return Number([...whole.matchAll(new RegExp(`^${letter} (\\d+)$`, 'gm'))].at(-1)?.[1] ?? 0);
}

t.test(`a process that is killed ${lives} times loses nothing that it had called durable`, async t => {
  const directory = mkdtempSync(join(tmpdir(), 'spool-kill-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  let most = 0;
  let confirmed = 0;
  for (let life = 1; life <= lives; life += 1) {
    const program = start(t, 'test/scenario/spool/spool-child', [directory]);
    await until('it says that something is durable', () => saidLast(program.out, 'd') > most);
    await new Promise(resolve => setTimeout(resolve, Math.random() * 60));
    program.child.kill('SIGKILL');
    t.match({ ...(await program.ended), err: program.err }, { signal: 'SIGKILL', err: '' });
    const durable = saidLast(program.out, 'd');
    const withdrawn = saidLast(program.out, 'w');
    confirmed = Math.max(confirmed, saidLast(program.out, 'c'));
    const spool = await Spool.open({ directory, segment: 65_536, bytes: 8 * 1024 * 1024 });
    const { messages, damaged, session } = spool.recovered;
    const ids = new Set(messages.map(({ id }) => id));
    const lost: number[] = [];
    for (let id = confirmed; id <= durable; id += 1) if (id % 7 > 0 && !ids.has(id)) lost.push(id);
    t.same(lost, [], `life ${life}: ${durable} were durable, ${ids.size} are there, ${spool.recovered.cut} bytes cut`);
    t.same(
      [...ids].filter(id => id % 7 === 0 && id <= withdrawn),
      [],
      'what was withdrawn stays away',
    );
    t.same([damaged, session?.id], [[], 'key']);
    t.ok(messages.every(({ line }) => /^MESSAGE number=\d+ x*$/.test(line)));
    most = messages.at(-1)?.id ?? durable;
    await spool.close();
  }
});
