// One way to the server, and its whole life: a WebSocket, or a session of polls.

export interface Line {
  readonly transport: 'websocket' | 'polling';
  /** The first callback id of the connection's own. */
  readonly firstId: number;
  /** What was taken and is not on its way, in characters or bytes, whichever the carrier counts. */
  readonly unsent: number;
  start(): void;
  /** One event. Only while it is open. */
  send(text: string): void;
  /** Says what was taken, if it can, and ends. Nothing is told then. */
  close(): void;
}

/** Who has a line. */
export interface LineHost {
  /** The server is there, and answers. */
  opened(): void;
  /** A sign of life. */
  heard(): void;
  event(text: string): void;
  /** Once, last; not after `close`. */
  lost(reason: string): void;
  /** The server's name for itself: the address to use, undefined where that is not followed. */
  follow(name: unknown): string | undefined;
}
