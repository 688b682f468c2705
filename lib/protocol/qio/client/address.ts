// Where the server is. One address serves both carriers: ws and http, wss and https are the same.

import { UsageError } from '../../../base/errors.ts';

const schemes = /^(?:ws|http)s?:$/;

/**
 * `ws://host:port/path?query`, or the same with wss, http or https. In a browser, a path of this page's server is good
 * too, and none at all.
 * @throws UsageError INVALID_ADDRESS
 */
export function readAddress(address: string | undefined): URL {
  const { location } = globalThis as { location?: { href: string } };
  try {
    const url = new URL(address ?? '/', location?.href);
    url.hash = '';
    if (schemes.test(url.protocol) && url.hostname !== '') return url;
  } catch {
    // told below
  }
  throw new UsageError('INVALID_ADDRESS', `"${address ?? ''}" is no address of a server: write ws://host:port`);
}

/** As `url`, at another host; without a port the port stays. Undefined where `name` is no `host[:port]`. */
export function atHost(url: URL, name: unknown): URL | undefined {
  if (typeof name !== 'string' || /[/?#@\\\s]/.test(name)) return undefined;
  try {
    new URL(`ws://${name}`);
  } catch {
    return undefined;
  }
  const moved = new URL(url);
  moved.host = name;
  return moved;
}

/** The address for another carrier, as secure as it was. */
export function withScheme(url: URL, scheme: 'ws' | 'http'): string {
  return url.href.replace(/^(?:ws|http)/, scheme);
}
