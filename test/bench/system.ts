// What the system allows.

import { readFileSync } from 'node:fs';

/** Files that node has open itself, and some to spare. */
const spareFiles = 100;

/** So many of the wanted connections as one process may have open; says where that is fewer. */
export function openable(wanted: number, progress: (text: string) => void): number {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(fileText('/proc/self/limits')) ?? [];
  const files = soft === undefined ? 256 : Number(soft);
  const count = Math.min(wanted, files - spareFiles);
  if (count < wanted) progress(`  only ${files} open files are allowed: ${count} connections`);
  return count;
}

/** Addresses of this machine that clients come from: more than one where its ports run short. */
export function sourcesFor(count: number): number {
  const [low = 0, high = 0] = fileText('/proc/sys/net/ipv4/ip_local_port_range').trim().split(/\s+/).map(Number);
  return high === 0 ? 1 : Math.ceil((2 * count) / (high - low));
}

function fileText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
