// The client for pages, as `npm run build` makes it. Tests that need it make it, because they may run behind tsc alone.

import { renameSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const path = (name: string): string => `dist/lib/protocol/qio/${name}`;

/** Its text; a finished file is put where servers look for it, at once and whole. */
export async function bundleClient(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path('client.js')],
    outfile: path('client.min.js'),
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('nothing was built');
  const draft = path(`client.min.${process.pid}.js`);
  writeFileSync(draft, file.text);
  renameSync(draft, path('client.min.js'));
  return file.text;
}
