// The system's Python, where tests need a peer that is not ours.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

export const python = '/usr/bin/python3';

/** Why a test that imports these modules cannot run here; false where it can. */
export function withoutPython(...modules: string[]): string | false {
  const found = spawnSync(python, ['-c', modules.map(name => `import ${name}`).join('\n')]);
  if (found.status === 0) return false;
  return `${python} with ${modules.join(', ')} is not here (Debian: apt-get install python3 python3-zmq)`;
}

/** Runs a script, gives it lines, and gives back those it prints. */
export async function runPython(script: string, lines: readonly string[]): Promise<string[]> {
  const child = spawn(python, ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', chunk => {
    out += String(chunk);
  });
  child.stdin.end(lines.map(line => `${line}\n`).join(''));
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`python ended with ${code}`);
  return out.trimEnd().split('\n');
}
