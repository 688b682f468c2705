// The four sockets of events, over the zeromq package: PULL and PUB are bound, PUSH and SUB connect.
//
// A socket in takes what has come, in slices, so that others of the process get their turns; while it is paused, frames wait
// in ZeroMQ up to its high-water mark, and then at the other side.

import { chmodSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import type { Event, Publisher, Pull, Push, Socket, Subscriber } from 'zeromq';
import { asError, NetworkError, reasonOf } from '../../base/errors.ts';
import type { StateTable } from '../../base/state-table.ts';
import { StateMachine } from '../../base/state-table.ts';
import type { ZeroMq } from './library.ts';
import type { ZeroMqSettings } from './options.ts';
import { commonOptions } from './options.ts';
import type { Place } from './place.ts';
import { bindingOf, formatPlace, isVersion6, lookAt, parsePlace } from './place.ts';

/** What happens to the connections of a socket. */
export interface SocketEvents {
  /** One is there, and may be used. */
  up(): void;
  /** One is gone. */
  down(): void;
  /** One did not come about: no ZeroMQ, no key, a wrong one. */
  refused(reason: string): void;
}

export interface IntakeEvents extends SocketEvents {
  /** A message, as its frames; a promise holds the next ones back, and may reject where `held` is there. */
  taken(frames: readonly Buffer[]): Promise<void> | undefined | void;
  /** What `taken` has promised was rejected with this. */
  held?(error: unknown, frames: readonly Buffer[]): Promise<void>;
  /** Nothing comes any more, and this was not asked for. */
  failed(error: Error): void;
}

/** Messages in one slice, and its longest time in ms. */
const slice = { messages: 256, milliseconds: 5 };

export type IntakeState = 'reading' | 'paused' | 'finishing' | 'closed';
type IntakeStep = 'pause' | 'resume' | 'finish' | 'close';

//   reading ◀─pause, resume─▶ paused       reading, paused ─finish▶ finishing ─close▶ closed      (close: from each)
export const intakeTable: StateTable<IntakeState, IntakeStep> = {
  reading: { pause: 'paused', finish: 'finishing', close: 'closed' },
  paused: { resume: 'reading', finish: 'finishing', close: 'closed' },
  finishing: { close: 'closed' },
  closed: {},
};

/** A socket that messages come from. */
export class Intake<S extends Pull | Subscriber = Pull | Subscriber> {
  readonly socket: S;
  readonly #events: IntakeEvents;
  readonly #machine = new StateMachine(intakeTable, 'reading');
  #resumed: (() => void) | undefined;
  #over: (() => void) | undefined;

  constructor(socket: S, events: IntakeEvents) {
    this.socket = socket;
    this.#events = events;
    watch(socket, events);
  }

  /** Begins to read; call it once. */
  start(): void {
    void this.#read();
  }

  pause(): void {
    this.#machine.attempt('pause');
  }

  resume(): void {
    if (this.#machine.attempt('resume')) this.#resumed?.();
  }

  /** Takes what is here already, and closes then; `over` is told. */
  finish(over: () => void): void {
    if (!this.#machine.attempt('finish')) return over();
    this.#over = over;
    this.#resumed?.();
    if (!this.socket.readable) this.close();
  }

  close(): void {
    if (!this.#machine.attempt('close')) return;
    this.socket.close();
    this.#resumed?.();
    this.#over?.();
  }

  async #read(): Promise<void> {
    try {
      while (this.#machine.state !== 'closed') await this.#slice();
    } catch (error) {
      if (this.#machine.state !== 'closed') this.#events.failed(asError(error));
    }
  }

  async #slice(): Promise<void> {
    let end = Number.POSITIVE_INFINITY;
    for (let count = 0; count < slice.messages; count += 1) {
      const frames = await this.socket.receive();
      if (this.#machine.state === 'paused') await this.#resumption();
      const held = this.#events.taken(frames);
      try {
        if (held !== undefined) await held;
      } catch (error) {
        await this.#events.held?.(error, frames);
      }
      if (count === 0) end = performance.now() + slice.milliseconds;
      if (this.#machine.state === 'finishing' && !this.socket.readable) return this.close();
      if (this.#machine.state !== 'reading' || (count % 16 === 15 && performance.now() > end)) break;
    }
    await new Promise(resolve => setImmediate(resolve));
  }

  async #resumption(): Promise<void> {
    await new Promise<void>(resolve => {
      this.#resumed = resolve;
    });
    if (this.#machine.state === 'closed') throw new NetworkError('CLOSED', 'the socket was closed');
  }
}

/** A socket that frames go to. One send at a time. */
export class Outlet<S extends Publisher | Push = Publisher | Push> {
  readonly socket: S;

  constructor(socket: S, events: SocketEvents) {
    this.socket = socket;
    watch(socket, events);
  }

  /** Closes; what was sent goes out for the time of its linger, in the background. */
  close(): void {
    this.socket.close();
  }
}

/** @throws NetworkError LISTEN_FAILED */
export async function bindPull(
  zmq: ZeroMq,
  place: Place,
  settings: ZeroMqSettings,
  events: IntakeEvents,
): Promise<Intake<Pull>> {
  const options = commonOptions(settings, isVersion6(place));
  const socket = new zmq.Pull({ ...options, receiveHighWaterMark: settings.kept });
  const intake = new Intake(socket, events);
  await bind(socket, place);
  return intake;
}

/** @throws NetworkError LISTEN_FAILED */
export async function bindPub(
  zmq: ZeroMq,
  place: Place,
  settings: ZeroMqSettings,
  events: SocketEvents,
): Promise<Outlet<Publisher>> {
  const options = commonOptions(settings, isVersion6(place));
  // Each send is done at once, or fails where a subscriber has no room: see isFull.
  const socket = new zmq.Publisher({ ...options, sendHighWaterMark: settings.kept, sendTimeout: 0, noDrop: true });
  const outlet = new Outlet(socket, events);
  await bind(socket, place);
  return outlet;
}

export function connectPush(zmq: ZeroMq, place: Place, settings: ZeroMqSettings, events: SocketEvents): Outlet<Push> {
  const options = commonOptions(settings, isVersion6(place));
  const socket = new zmq.Push({ ...options, sendHighWaterMark: settings.kept });
  const outlet = new Outlet(socket, events);
  socket.connect(formatPlace(place));
  return outlet;
}

export function connectSub(
  zmq: ZeroMq,
  place: Place,
  settings: ZeroMqSettings,
  events: IntakeEvents,
): Intake<Subscriber> {
  const options = commonOptions(settings, isVersion6(place));
  const socket = new zmq.Subscriber({ ...options, receiveHighWaterMark: settings.kept });
  const intake = new Intake(socket, events);
  socket.connect(formatPlace(place));
  return intake;
}

/** Connects anew: ZeroMQ does that by itself after a broken connection, but not after a refused one. */
export function reconnect(socket: Socket, place: Place): void {
  if (socket.closed) return;
  const address = formatPlace(place);
  try {
    socket.disconnect(address);
  } catch {
    // ZeroMQ has given this one up already.
  }
  socket.connect(address);
}

/** Whether a frame was published to nobody, because one subscriber has no room. */
export function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EAGAIN';
}

/** Publishes to those who have room; the others miss it, and whatever comes until they have read half of what they have. */
export async function publishPast(socket: Publisher, frame: Buffer): Promise<void> {
  setNoDrop(socket, false);
  try {
    await socket.send(frame);
  } finally {
    setNoDrop(socket, true);
  }
}

/** libzmq takes this option at any time; the package warns all the same that it comes too late, so the warning is left out. */
function setNoDrop(socket: Publisher, noDrop: boolean): void {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    socket.noDrop = noDrop;
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Where a bound socket is, with the port that the system gave. */
export function placeOf(socket: Socket): Place {
  return parsePlace(socket.lastEndpoint ?? '');
}

async function bind(socket: Socket, place: Place): Promise<void> {
  try {
    if (place.scheme === 'ipc' && (await lookAt(place)) === 'taken') throw inUse;
    if (place.scheme === 'ipc') bindPrivately(socket, place);
    else await socket.bind(bindingOf(place));
  } catch (cause) {
    socket.close();
    throw listenFailed(place, cause);
  }
}

/** The file is for its owner alone from its first moment. */
function bindPrivately(socket: Socket, place: Place): void {
  // The mask is the whole process's, so a worker cannot set it.
  const mask = isMainThread ? process.umask(0o177) : undefined;
  try {
    socket.bindSync(bindingOf(place));
    chmodSync(place.path, 0o600);
  } finally {
    if (mask !== undefined) process.umask(mask);
  }
}

const inUse = Object.assign(new Error('the path is in use'), { code: 'EADDRINUSE' });

function listenFailed(place: Place, cause: unknown): NetworkError {
  const { code } = cause as NodeJS.ErrnoException;
  const why = code === 'EADDRINUSE' ? 'it is in use' : reasonOf(cause);
  return new NetworkError('LISTEN_FAILED', `cannot listen on ${formatPlace(place)}: ${why}`, { cause });
}

/** Whether listening failed because somebody else is there. */
export function isInUse(error: unknown): boolean {
  return error instanceof NetworkError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE';
}

/** Tells what happens to the connections of a socket, until it is closed. */
function watch(socket: Socket, events: SocketEvents): void {
  const observer = socket.events;
  const read = async (): Promise<void> => {
    try {
      for await (const event of observer) tell(event, events);
    } catch {
      // Closed while it waited.
    }
  };
  void read();
}

function tell(event: Event, events: SocketEvents): void {
  if (event.type === 'handshake') events.up();
  else if (event.type === 'disconnect') events.down();
  else if (event.type.startsWith('handshake:error')) {
    events.refused('error' in event ? reasonOf(event.error) : 'the handshake failed');
  }
}
