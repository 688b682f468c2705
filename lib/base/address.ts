// Addresses are written scheme://host:port (tcp, udp), ws://host:port/path, unix:/path, scheme:name (memory,
// worker, systemd: a socket that was passed to us), or stdio:command (stdio:- is our own standard input and output).

import { UsageError } from './errors.ts';

export interface Address {
  /** `tcp`, `unix`, `udp`, `memory`, … */
  readonly scheme: string;
  /** Host name or IP address; IPv6 without its brackets. Empty for paths and names. */
  readonly host: string;
  /** 0 to 65,535; 0 asks the system for a free one. 0 for paths and names. */
  readonly port: number;
  /** Path of a unix socket, name of a memory, worker or systemd address, command of stdio, path and query of a ws or wss address; empty otherwise. */
  readonly path: string;
}

const schemePattern = /^([a-z][a-z0-9+-]*):(.*)$/s;
const hostPattern = /^(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([^\s:/[\]]+)):(\d{1,5})$/;
const webPattern = /^([^/?#@]+)(\/[^\s#]*)?$/;
const schemesOfPaths: ReadonlySet<string> = new Set(['unix', 'memory', 'worker', 'stdio', 'systemd']);
/** Schemes with host, port and path, and the port that is meant where none is written. */
const webPorts: ReadonlyMap<string, number> = new Map([
  ['ws', 80],
  ['wss', 443],
]);

/**
 * Reads an address. Without a scheme, `host:port` takes the one given as default.
 * @throws UsageError INVALID_ADDRESS
 */
export function parseAddress(text: string, defaultScheme?: string): Address {
  const [, scheme = '', rest = ''] = schemePattern.exec(text) ?? [];
  if (schemesOfPaths.has(scheme)) return pathAddress(scheme, rest, text);
  if (scheme !== '' && rest.startsWith('//')) return placeAddress(scheme, rest.slice(2), text);
  if (defaultScheme !== undefined && !rest.startsWith('//')) return placeAddress(defaultScheme, text, text);
  throw invalid(text, 'write scheme://host:port or unix:/path');
}

/** The address as text that `parseAddress` reads back. */
export function formatAddress({ scheme, host, port, path }: Address): string {
  if (schemesOfPaths.has(scheme)) return `${scheme}:${path}`;
  return `${scheme}://${formatHostPort(host, port)}${webPorts.has(scheme) ? path : ''}`;
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

/** Whether the address of the other side is on this machine: a loopback address, a Unix socket, inside the process. */
export function isLocal(remote: string): boolean {
  // Many messages in a row come from the same address, and each is asked about.
  if (remote !== lastAsked) {
    lastAnswer = looksLocal(remote);
    lastAsked = remote;
  }
  return lastAnswer;
}

let lastAsked = '';
let lastAnswer = false;

function looksLocal(remote: string): boolean {
  const [, scheme = '', rest = ''] = schemePattern.exec(remote) ?? [];
  if (schemesOfPaths.has(scheme)) return true;
  const host = parseHostPort(rest.replace(/^\/\//, '').replace(/\/.*$/s, ''))?.host ?? '';
  return /^(?:::ffff:)?127(?:\.\d{1,3}){3}$|^::1$/i.test(host);
}

function pathAddress(scheme: string, rest: string, text: string): Address {
  const path = rest.startsWith('//') ? rest.slice(2) : rest;
  if (path === '' || path === '/') throw invalid(text, 'the path is empty');
  return { scheme, host: '', port: 0, path };
}

function placeAddress(scheme: string, rest: string, text: string): Address {
  const port = webPorts.get(scheme);
  return port === undefined ? hostAddress(scheme, rest, text) : webAddress(scheme, rest, port, text);
}

function webAddress(scheme: string, rest: string, port: number, text: string): Address {
  const [, place = '', path = '/'] = webPattern.exec(rest) ?? [];
  const found = parseHostPort(place) ?? parseHostPort(`${place}:${port}`);
  if (found === undefined) throw invalid(text, `write ${scheme}://host:port/path`);
  return { scheme, ...found, path };
}

function hostAddress(scheme: string, rest: string, text: string): Address {
  const found = parseHostPort(rest.replace(/\/$/, ''));
  if (found === undefined) throw invalid(text, 'write host:port, with a port of 0 to 65535');
  return { scheme, ...found, path: '' };
}

function invalid(text: string, advice: string): UsageError {
  return new UsageError('INVALID_ADDRESS', `"${text}" is no address: ${advice}`);
}
