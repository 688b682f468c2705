// What a socket of ZeroMQ is made with.

import type { Context } from 'zeromq';
import type { KeyPair } from './certificates.ts';

export interface ZeroMqSettings {
  /** Longest frame in bytes; who sends a longer one loses the connection. */
  readonly frame: number;
  /** Most frames that ZeroMQ keeps for each other side, in either direction (its high-water mark). */
  readonly kept: number;
  /** Silence in ms after which ZeroMQ asks the other side for a sign of life. */
  readonly ask: number;
  /** Silence in ms after which the connection is dropped; 0: never. */
  readonly dead: number;
  /** How long what was sent may still go out after the end, in ms. */
  readonly linger: number;
  /** @default none: whoever reaches the address comes in */
  readonly security?: ServerKeys | ClientKeys | undefined;
  /** @default the process's */
  readonly context?: Context | undefined;
}

/** Of the side that binds. */
export interface ServerKeys {
  readonly role: 'server';
  readonly own: KeyPair;
}

/** Of the side that connects. */
export interface ClientKeys {
  readonly role: 'client';
  readonly own: KeyPair;
  /** The public key of the server. */
  readonly server: string;
}

/** ZAP asks for each handshake in a domain; the name itself says nothing here. */
const domain = 'events';
/** ZeroMQ carries the time to live in tenths of a second, in 16 bits. */
const longestTimeToLive = 6_553_500;
/** Who has connected and does not finish the handshake has this long, in ms. */
const handshakeTime = 10_000;
/** Pauses between attempts to connect: doubling, in ms. */
const pause = { reconnectInterval: 100, reconnectMaxInterval: 5_000 };

/** Those that each socket has. */
export function commonOptions(settings: ZeroMqSettings, needsVersion6: boolean): object {
  const { frame, ask, dead, linger, context } = settings;
  const beats = {
    heartbeatInterval: ask,
    heartbeatTimeout: Math.max(1, dead - ask),
    heartbeatTimeToLive: Math.min(dead, longestTimeToLive),
  };
  return {
    maxMessageSize: frame,
    linger,
    handshakeInterval: handshakeTime,
    ...pause,
    ...(dead > 0 ? beats : {}),
    ...(needsVersion6 ? { ipv6: true } : {}),
    ...(context === undefined ? {} : { context }),
    ...securityOptions(settings.security),
  };
}

function securityOptions(security: ServerKeys | ClientKeys | undefined): object {
  if (security === undefined) return {};
  const { publicKey, secretKey } = security.own;
  const own = { curvePublicKey: publicKey, curveSecretKey: secretKey };
  if (security.role === 'client') return { ...own, curveServerKey: security.server };
  return { ...own, curveServer: true, zapDomain: domain };
}
