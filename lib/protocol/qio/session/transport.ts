// How this protocol wants its port: which frames are taken, and what is said where one is not.

import type { AnyTransport } from '../../../transport/index.ts';
import { anyProtocol } from '../../../transport/index.ts';
import { closes, subprotocol } from '../wire.ts';

type TlsOptions = NonNullable<NonNullable<Parameters<typeof anyProtocol>[0]>['tls']>;

export interface PortOptions {
  /** Longest event in bytes. */
  readonly event: number;
  /** For a handshake, and the rest of a message, in ms. */
  readonly client: number;
  readonly tls: TlsOptions | undefined;
  /** Clients at the same time. */
  readonly connections: number;
}

const cold = { 'Cache-Control': 'private, max-age=0', Expires: '-1' };
/** A connection without a request is kept for so many ms. */
const idle = 51_000;
/** A client that polls has two connections of HTTP at times; the transport takes no more than so many. */
const mostHttp = 1_000_000;

/** @throws UsageError INVALID_VALUE, OUT_OF_RANGE */
export function qioTransport({ event, client, tls, connections }: PortOptions): AnyTransport {
  return anyProtocol({
    undecided: { deadline: client },
    webSocket: {
      protocol: subprotocol,
      headers: { 'Access-Control-Allow-Origin': '*', ...cold },
      refusal: { ...cold, 'Content-Type': 'text/plain' },
      longest: event,
      request: 'dropped',
      rules: {
        taken: 'whole-text',
        closing: 'empty',
        half: client,
        faults: {
          unmasked: closes.unmasked,
          kind: closes.badOpcode,
          encoding: closes.notUtf8,
          longest: closes.tooBig,
          overflow: closes.plain,
          half: closes.timeout,
          ending: closes.plain,
          reserved: closes.plain,
        },
      },
    },
    http: { request: client, idle, connections: Math.min(2 * connections, mostHttp) },
    tls,
  });
}

export type { TlsOptions };
