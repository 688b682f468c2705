// Frames of one turn of the loop go out together, since writes cost most.

import type { Socket } from 'node:net';

/** With so many bytes gathered the other side can begin. */
export const gathered = 2 * 1024;

/** Holds what is written back until the end of the turn. */
export function gather(socket: Socket): void {
  if (socket.writableCorked > 0) return;
  socket.cork();
  process.nextTick(release, socket);
}

export function release(socket: Socket): void {
  socket.uncork();
}
