// The files of the page, as they are: no build step. They are read when they are asked for, so an edit needs a reload only.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Page, PageRequest } from 'ed-communicator/qio';

/** Beside this file where the sources are run as they are; and seen from the compiled file. */
const places = ['web/', '../../../examples/qio-board/web/'].map(place => new URL(place, import.meta.url));
const types: Readonly<Record<string, string>> = { html: 'text/html', css: 'text/css', js: 'text/javascript' };
/** Names of this kind alone: no way leads out of the folder. */
const fileName = /^\/([a-z]+\.(html|css|js))$/;
const headers = {
  // What people write is shown as text; should it slip through as more, the browser does not run it.
  'content-security-policy': "default-src 'self'; img-src data:; connect-src * ws: wss:",
  'x-content-type-options': 'nosniff',
};

export async function page({ path }: PageRequest): Promise<Page | undefined> {
  const [, name, kind] = fileName.exec(path === '/' ? '/page.html' : path) ?? [];
  const folder = places.find(place => existsSync(place));
  if (name === undefined || kind === undefined || folder === undefined) return undefined;
  const file = new URL(name, folder);
  if (!existsSync(file)) return undefined;
  return { type: `${types[kind]}; charset=utf-8`, body: await readFile(file), headers };
}
