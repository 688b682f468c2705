// The ws package, loaded when a WebSocket is first asked for, and a WebSocket of it that leaves the last word to us.
//
// ws answers a close frame in the same moment, and then nothing can be sent any more: the answer to what came just
// before would be lost. It does so by its own public `close`, so that is what `LateSocket` takes over.

import type { ClientOptions, ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { optional } from '../../base/optional.ts';

/** Who is told what a LateSocket reads of the end. */
export interface LastWords {
  /** ws wants to send its close frame now: the other side's came, or what came cannot be read (`error` follows). */
  concluded(code: number | undefined, reason: string): void;
}

export interface LateSocket extends WebSocket {
  owner: LastWords | undefined;
  /** Sends a close frame, or finishes the closing that has begun. */
  conclude(code?: number, reason?: string): void;
}

export interface Library {
  connect(url: URL, protocols: readonly string[], options: ClientOptions): LateSocket;
  /** What answers upgrade requests; it has no server of its own. */
  upgrader(options: ServerOptions): WebSocketServer;
}

/** As ws has it from 8.19 on, beside what its types know. In ms; closing has its own time here, so: never. */
const neverByItself = { closeTimeout: 2 ** 31 - 1 };
/** Compression costs 300 kB for each connection; pings are answered by the channel, which bounds what waits. */
const common = { perMessageDeflate: false, autoPong: false, ...neverByItself };

let loaded: Library | undefined;

/** @throws UsageError MISSING_PACKAGE */
export async function loadLibrary(): Promise<Library> {
  const why = 'ws:// and wss:// need the package ws, which is not installed';
  loaded ??= libraryOf(await optional(why, 'ws', () => import('ws')));
  return loaded;
}

function libraryOf(ws: typeof import('ws')): Library {
  class OwnedSocket extends ws.WebSocket implements LateSocket {
    owner: LastWords | undefined;

    override close(code?: number, reason: string | Buffer = ''): void {
      this.owner?.concluded(code, reason.toString());
    }

    conclude(code?: number, reason?: string): void {
      super.close(code, reason);
    }
  }
  return {
    connect: (url, protocols, options) => new OwnedSocket(url, [...protocols], { ...options, ...common }),
    upgrader: options =>
      new ws.WebSocketServer({ noServer: true, clientTracking: false, ...options, ...common, WebSocket: OwnedSocket }),
  };
}
