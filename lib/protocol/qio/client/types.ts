// What a program meets: listeners, callbacks, replies, errors.

/** What became of an event: it is on the connection, it waits for one, or it was not taken (and that was told). */
export type Sent = 'sent' | 'queued' | 'refused';

/** Answers a server that asked for a callback, and may ask for one in turn. Good on the connection that it came over. */
export type Reply = (data?: unknown, callback?: Callback) => Sent;

/**
 * Called exactly once: with the server's answer, or with code -1 and `disconnected`. Where `code` is not 200, `data` is
 * what the server sent with its error, most often null. `reply` is there where the server asks for an answer.
 */
export type Callback<Data = unknown> = (
  data: Data | null,
  reply: Reply | undefined,
  code: number,
  errMsg: string | null,
) => unknown;

/** Called with each event of a path. `reply` is there where the server asks for an answer. */
export type Listener<Data = unknown> = (data: Data, reply: Reply | undefined) => unknown;

export interface Subscribing {
  /** The server refuses: 401, 404, 420 or its own code. The subscription is gone then. @default told by `/error` */
  readonly error?: ((code: number, errMsg: string | null) => unknown) | undefined;
  /** The server has accepted, each time that it does. @default nothing is told */
  readonly accepted?: (() => unknown) | undefined;
  /** What the server may want to know with the subscription. The first listener of a path says it. @default nothing */
  readonly data?: unknown;
}

export interface Opened {
  readonly transport: 'websocket' | 'polling';
  /** Of the server, as `host:port`. */
  readonly address: string;
}

export interface Closed {
  readonly reason: string;
}

/** Events of the client itself; the server does not hear of their listeners. */
export interface OwnEvents {
  /** A connection is there: subscriptions were asked for, what waited was sent. */
  '/open': Opened;
  /** A connection that was open is gone, for whatever reason. */
  '/close': Closed;
  /** An attempt to connect failed, a listener threw, an event was not taken, a subscription was refused. */
  '/error': QioError;
  /** The server sends this client to another one, which it follows: the address, as `host[:port]`. */
  '/qio/move': string;
}

/** Of each path, what is sent to it and what it answers. */
export type RequestMap<Requests> = { readonly [P in keyof Requests]: readonly [sent: unknown, answer: unknown] };

/** All paths, with data of no known type. */
export type Untyped = Record<string, unknown>;
/** All paths, with data and answers of no known type. */
export type UntypedRequests = Record<string, readonly [sent: unknown, answer: unknown]>;

/** Anything but 200. The name is the one that callbacks once had. */
export class QioError extends Error {
  readonly code: number;
  readonly err_msg: string | null;
  /** The path it is about, empty where it is about none. */
  readonly path: string;
  /** What the server sent with it. */
  readonly data: unknown;

  constructor(
    code: number,
    errMsg: string | null,
    path: string,
    more: { readonly data?: unknown; readonly cause?: unknown } = {},
  ) {
    const about = path === '' ? '' : `${path}: `;
    super(`${about}${errMsg ?? 'refused'} (${code})`, more);
    this.name = 'qio_error';
    this.code = code;
    this.err_msg = errMsg;
    this.path = path;
    this.data = more.data ?? null;
  }
}
