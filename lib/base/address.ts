// Addresses are written scheme://host:port (tcp, udp), unix:/path, or scheme:name (memory).

import { UsageError } from './errors.ts';

export interface Address {
  /** `tcp`, `unix`, `udp`, `memory`, … */
  readonly scheme: string;
  /** Host name or IP address; IPv6 without its brackets. Empty for paths and names. */
  readonly host: string;
  /** 0 to 65,535; 0 asks the system for a free one. 0 for paths and names. */
  readonly port: number;
  /** Path of a unix socket or name of a memory address; empty otherwise. */
  readonly path: string;
}

const schemePattern = /^([a-z][a-z0-9+-]*):(.*)$/s;
const hostPattern = /^(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([^\s:/[\]]+)):(\d{1,5})$/;
const schemesOfPaths: ReadonlySet<string> = new Set(['unix', 'memory']);

/**
 * Reads an address. Without a scheme, `host:port` takes the one given as default.
 * @throws UsageError INVALID_ADDRESS
 */
export function parseAddress(text: string, defaultScheme?: string): Address {
  const [, scheme = '', rest = ''] = schemePattern.exec(text) ?? [];
  if (schemesOfPaths.has(scheme)) return pathAddress(scheme, rest, text);
  if (scheme !== '' && rest.startsWith('//')) return hostAddress(scheme, rest.slice(2).replace(/\/$/, ''), text);
  if (defaultScheme !== undefined && !rest.startsWith('//')) return hostAddress(defaultScheme, text, text);
  throw invalid(text, 'write scheme://host:port or unix:/path');
}

/** The address as text that `parseAddress` reads back. */
export function formatAddress({ scheme, host, port, path }: Address): string {
  return schemesOfPaths.has(scheme) ? `${scheme}:${path}` : `${scheme}://${formatHostPort(host, port)}`;
}

/** `host:port`, with brackets around IPv6. */
export function formatHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Reads `host:port` or `[ipv6]:port`; undefined where the text is neither. */
export function parseHostPort(text: string): { host: string; port: number } | undefined {
  const [, v6, host = v6, port] = hostPattern.exec(text) ?? [];
  if (host === undefined || port === undefined || Number(port) > 65_535) return undefined;
  return { host, port: Number(port) };
}

function pathAddress(scheme: string, rest: string, text: string): Address {
  const path = rest.startsWith('//') ? rest.slice(2) : rest;
  if (path === '' || path === '/') throw invalid(text, 'the path is empty');
  return { scheme, host: '', port: 0, path };
}

function hostAddress(scheme: string, rest: string, text: string): Address {
  const found = parseHostPort(rest);
  if (found === undefined) throw invalid(text, 'write host:port, with a port of 0 to 65535');
  return { scheme, ...found, path: '' };
}

function invalid(text: string, advice: string): UsageError {
  return new UsageError('INVALID_ADDRESS', `"${text}" is no address: ${advice}`);
}
