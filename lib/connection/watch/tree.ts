// What is in a folder at a moment, and what differs from the moment before.

import type { BigIntStats } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What tells one state of a file from another. */
interface Mark {
  /** Which file it is, whatever its name. */
  readonly id: string;
  /** Changes with each write. */
  readonly state: string;
  readonly kind: 'file' | 'folder';
}

/** The folders that were read, with their ids, and what of their entries is watched, by path. */
export interface Tree {
  readonly folders: ReadonlyMap<string, string>;
  readonly entries: ReadonlyMap<string, Mark>;
  /** Folders inside that could not be read, with the reason. */
  readonly unreadable: ReadonlyMap<string, Error>;
}

export type Change =
  | { readonly kind: 'created' | 'changed' | 'deleted'; readonly path: string }
  | { readonly kind: 'renamed'; readonly path: string; readonly from: string };

export interface TreeRules {
  /** Which names are watched; folders are looked into whatever they are called. */
  readonly wanted: (name: string) => boolean;
  readonly recursive: boolean;
  /** Entries at most. */
  readonly most: number;
}

/** Thrown where there are more entries than allowed. */
class TooMany extends Error {}

/** @throws what reading the folder itself throws, and TooMany */
export async function readTree(folder: string, rules: TreeRules): Promise<Tree> {
  const folders = new Map<string, string>();
  const entries = new Map<string, Mark>();
  const unreadable = new Map<string, Error>();
  const look = async (place: string, id: string): Promise<void> => {
    const names = await readdir(place);
    folders.set(place, id);
    for (const name of names) {
      const path = join(place, name);
      const mark = await markOf(path);
      if (mark === undefined) continue;
      if (rules.wanted(name)) entries.set(path, mark);
      if (entries.size > rules.most) throw new TooMany(`${folder} holds more than ${rules.most} entries`);
      // A link is not followed, or there would be circles.
      if (!rules.recursive || mark.kind !== 'folder') continue;
      await look(path, mark.id).catch(error => {
        if (error instanceof TooMany) throw error;
        // A folder that vanishes meanwhile has nothing in it.
        if (!isVanished(error)) unreadable.set(path, error);
      });
    }
  };
  await look(folder, idOf(await stat(folder, { bigint: true })));
  return { folders, entries, unreadable };
}

/** What has happened between two moments. A file that is elsewhere now was renamed; each other path stands for itself. */
export function differences(before: Tree['entries'], after: Tree['entries']): Change[] {
  const gone = new Map<string, string>();
  for (const [path, { id }] of before) if (!after.has(path)) gone.set(id, path);
  const changes: Change[] = [];
  const moved = new Set<string>();
  for (const [path, mark] of after) {
    const old = before.get(path);
    const from = old === undefined ? gone.get(mark.id) : undefined;
    if (from !== undefined && !moved.has(from)) {
      moved.add(from);
      changes.push({ kind: 'renamed', path, from });
      if (before.get(from)?.state !== mark.state) changes.push({ kind: 'changed', path });
    } else if (old === undefined) changes.push({ kind: 'created', path });
    else if (old.id !== mark.id || old.state !== mark.state) changes.push({ kind: 'changed', path });
  }
  const deleted = [...before.keys()].filter(path => !after.has(path) && !moved.has(path));
  return [...deleted.map(path => ({ kind: 'deleted', path }) as const), ...changes];
}

/** Undefined for what is not there any more. A link counts as what it leads to, or as itself where that is missing. */
async function markOf(path: string): Promise<Mark | undefined> {
  const own = await lstat(path, { bigint: true }).catch(() => undefined);
  if (own === undefined) return undefined;
  const link = own.isSymbolicLink();
  const end = link ? await stat(path, { bigint: true }).catch(() => own) : own;
  const { size, mtimeNs, mode } = end;
  // What a folder holds is its own matter; its times change with it.
  const folder = end.isDirectory();
  const state = folder ? `${mode}` : `${size} ${mtimeNs} ${mode}`;
  const id = link ? `${idOf(own)} > ${idOf(end)}` : idOf(own);
  return { id, state, kind: folder && !link ? 'folder' : 'file' };
}

/** The number of a file is given again soon after it is deleted; the time of its birth is not. */
function idOf({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${birthtimeNs}`;
}

/** Whether it was there a moment ago, and is no more. */
export function isVanished(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
