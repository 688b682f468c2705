// The house: a file imports from its own folder and from floors below, never across or above; nothing is too long.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import t from 'tap';

const root = process.cwd();
const lib = join(root, 'lib');
const floors = [
  ['base'],
  ['message', 'framing', 'logging'],
  ['transport', 'dispatcher', 'session', 'spool'],
  ['connection'],
  ['communicator'],
  ['protocol'],
  ['broker', 'inspector', 'testkit'],
  ['index.ts'],
];
const sockets = /^node:(net|tls|dgram|http|https|http2)$/;
const limits = { lines: 300, functionLines: 40, folder: 12 };

const floorOf = (place: string): number => floors.findIndex(names => names.includes(place));
const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => join(folder, name));

/** The first line and length of each function body that begins and ends with a brace of the same indent. */
function functionLengths(text: string): { line: number; length: number }[] {
  const lines = text.split('\n');
  const found: { line: number; length: number }[] = [];
  lines.forEach((opening, index) => {
    const head =
      /^(\s*)(?:export )?(?:override |async |static |private |protected |get |set |function )*[#\w$]+.*(?:\)|=>|\w|>|\}) ?\{$/;
    const match = head.exec(opening);
    if (match === null || /^\s*(?:export )?(?:abstract )?(?:class|interface|type|switch)\b/.test(opening)) return;
    if (/\b(?:interface|class) /.test(opening)) return;
    const end = lines.findIndex((line, at) => at > index && line.startsWith(`${match[1]}}`));
    if (end > 0) found.push({ line: index + 1, length: end - index + 1 });
  });
  return found;
}

function imports(text: string): string[] {
  return [...text.matchAll(/(?:^import|^export)[^;]*? from '([^']+)'|import\('([^']+)'\)/gms)].map(
    ([, still, dynamic]) => still ?? dynamic ?? '',
  );
}

t.test('each file of lib imports from its own folder and from floors below', async t => {
  for (const path of sources('lib')) {
    const inside = relative('lib', path);
    const home = inside.split('/')[0] ?? '';
    t.not(floorOf(home), -1, `${home} has a floor`);
    for (const target of imports(readFileSync(join(root, path), 'utf8'))) {
      if (!target.startsWith('.')) continue;
      const guest = relative(lib, join(root, dirname(path), target)).split('/')[0] ?? '';
      t.ok(guest === home || floorOf(guest) < floorOf(home), `${path} imports ${guest}`);
    }
  }
});

t.test('sockets are known in transport alone', async t => {
  for (const path of sources('lib')) {
    if (path.startsWith('lib/transport/')) continue;
    const guests = imports(readFileSync(join(root, path), 'utf8')).filter(target => sockets.test(target));
    t.same(guests, [], path);
  }
});

t.test(`no file is longer than ${limits.lines} lines, no function longer than ${limits.functionLines}`, async t => {
  for (const path of ['lib', 'tools', 'examples', 'test'].flatMap(sources)) {
    const text = readFileSync(join(root, path), 'utf8');
    t.ok(text.split('\n').length <= limits.lines + 1, `${path} has ${text.split('\n').length - 1} lines`);
    if (path.startsWith('test')) continue;
    for (const { line, length } of functionLengths(text)) {
      t.ok(length <= limits.functionLines, `${path}:${line} has a function of ${length} lines`);
    }
  }
});

t.test(`no folder of lib holds more than ${limits.folder} files`, async t => {
  const folders = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter(name =>
    statSync(join(lib, name)).isDirectory(),
  );
  for (const folder of folders) {
    const files = readdirSync(join(lib, folder)).filter(name => name.endsWith('.ts'));
    t.ok(files.length <= limits.folder, `${folder} holds ${files.length} files`);
  }
});

t.test('no any, no ts-ignore, no TODO, no console', async t => {
  const forbidden = /\bany\b(?=[\s;,)>\]|[]|$)(?<=[:<|&]\s*any)|@ts-|\bTODO\b|\bFIXME\b|\bconsole\./;
  for (const path of sources('lib')) {
    const bad = readFileSync(join(root, path), 'utf8')
      .split('\n')
      .filter(line => forbidden.test(line));
    t.same(bad, [], path);
  }
});

t.test('the top of the project holds what it should and nothing else', async t => {
  const allowed = new Set([
    'package.json',
    'tsconfig.json',
    'lib',
    'examples',
    'tools',
    'test',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
  ]);
  const generated = new Set(['node_modules', 'dist']);
  const others = readdirSync(root).filter(name => !name.startsWith('.') && !allowed.has(name) && !generated.has(name));
  t.same(others, []);
});
