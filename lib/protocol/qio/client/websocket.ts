// A WebSocket: one text frame, one event.

import { StateMachine } from '../../../base/state-table.ts';
import { ohai, subprotocol } from '../wire.ts';
import type { Line, LineHost } from './line.ts';
import { webSocketLineTable } from './table.ts';

/** What is needed of a WebSocket: that of browsers, of Node from 22 on, and of the package ws. */
export interface SocketLike {
  onopen: unknown;
  onmessage: unknown;
  onerror: unknown;
  onclose: unknown;
  readonly bufferedAmount: number;
  send(text: string): void;
  close(): void;
}

export type SocketConstructor = new (url: string, protocol: string) => SocketLike;

export class WebSocketLine implements Line {
  readonly transport = 'websocket';
  readonly firstId = 1;
  readonly #machine = new StateMachine(webSocketLineTable, 'dialling');
  readonly #make: () => SocketLike;
  readonly #host: LineHost;
  #socket: SocketLike | undefined;

  constructor(url: string, Socket: SocketConstructor, host: LineHost) {
    this.#make = () => new Socket(url, subprotocol);
    this.#host = host;
  }

  get unsent(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  start(): void {
    const socket = this.#make();
    this.#socket = socket;
    socket.onopen = () => {
      if (this.#machine.attempt('upgrade')) socket.send(ohai);
    };
    socket.onmessage = ({ data }: { data: unknown }) => this.#frame(data);
    // A close follows. Without a listener the package ws would end the process.
    socket.onerror = () => undefined;
    socket.onclose = ({ code, reason }: { code: number; reason: string }) =>
      this.#end(`the WebSocket closed: ${code} ${reason}`.trim());
  }

  send(text: string): void {
    this.#socket?.send(text);
  }

  close(): void {
    if (this.#machine.attempt('end')) this.#socket?.close();
  }

  #frame(data: unknown): void {
    if (this.#machine.state === 'open') {
      this.#host.heard();
      this.#host.event(String(data));
    } else if (this.#machine.can('ohai')) {
      if (data !== ohai) return this.#end('the server did not say ohai');
      this.#machine.step('ohai');
      this.#host.opened();
    }
  }

  #end(reason: string): void {
    if (!this.#machine.attempt('end')) return;
    this.#socket?.close();
    this.#host.lost(reason);
  }
}
