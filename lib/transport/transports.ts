// Which transport serves which scheme. Each is loaded when an address first asks for it.

import type { Address } from '../base/address.ts';
import { UsageError } from '../base/errors.ts';
import type { PacketTransport, Transport } from './transport.ts';

/** Transports of streams by scheme that are used before the built-in ones. */
export type StreamTransports = { readonly [scheme: string]: Transport };
/** Those of packets too. */
export type Transports = { readonly [scheme: string]: Transport | PacketTransport };

const streams: { readonly [scheme: string]: () => Promise<Transport> } = {
  tcp: async () => (await import('./tcp/index.ts')).tcp(),
  unix: async () => (await import('./unix/index.ts')).unix(),
  worker: async () => (await import('./worker/index.ts')).worker(),
  stdio: async () => (await import('./stdio/index.ts')).stdio(),
  tls: async () => (await import('./tls/index.ts')).tls(),
  any: async () => (await import('./any/index.ts')).anyStream(),
  anys: async () => (await import('./any/index.ts')).anyStream({ tls: {} }),
  systemd: async () => (await import('./systemd/index.ts')).systemd(),
  ws: async () => (await import('./websocket/index.ts')).websocket(),
  wss: async () => (await import('./websocket/index.ts')).websocket(),
};

const packets: { readonly [scheme: string]: () => Promise<PacketTransport> } = {
  udp: async () => (await import('./udp/index.ts')).udp(),
  systemd: async () => (await import('./systemd/index.ts')).systemdPackets(),
};

/** @throws UsageError INVALID_ADDRESS, at once, where no transport of streams serves the scheme. */
export function streamTransport({ scheme }: Address, own: Transports): Promise<Transport> {
  const found = own[scheme];
  return found !== undefined && 'dial' in found ? Promise.resolve(found) : load(streams, scheme);
}

/** @throws UsageError INVALID_ADDRESS, at once, where no transport of packets serves the scheme. */
export function packetTransport({ scheme }: Address, own: Transports = {}): Promise<PacketTransport> {
  const found = own[scheme];
  return found !== undefined && 'bind' in found ? Promise.resolve(found) : load(packets, scheme);
}

function load<T>(known: { readonly [scheme: string]: () => Promise<T> }, scheme: string): Promise<T> {
  const found = known[scheme];
  if (found !== undefined) return found();
  const names = Object.keys(known).join(', ');
  throw new UsageError('INVALID_ADDRESS', `there is no transport for ${scheme}: (there is ${names})`);
}
