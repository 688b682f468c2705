// Every error of this library, grouped by what its reader does about it. A code never changes its meaning;
// the table below is the one list of them, and README's table is checked against it.

/** What to do about an error: fix the call, close that peer, try again, wait or widen a limit, wait longer. */
export type Reaction = 'usage' | 'peer' | 'network' | 'limit' | 'timeout';

/** Each code with the reaction it belongs to and its meaning. */
export const errorCodes = {
  INVALID_ADDRESS: ['usage', 'an address that cannot be read, or of a scheme without a transport'],
  INVALID_NAME: ['usage', 'a command, parameter, server or service name outside the grammar'],
  INVALID_VALUE: ['usage', 'a value that does not fit where it was given'],
  UNKNOWN_OPTION: ['usage', 'an option that does not exist'],
  OUT_OF_RANGE: ['usage', 'a number outside its range'],
  DUPLICATE_RULE: ['usage', 'a second rule for the same exact command, or a second catch-all'],
  ILLEGAL_STEP: ['usage', 'a step that is not possible in the present state'],
  ALREADY_RUNNING: ['usage', 'run() was called while run() had not ended'],
  ALREADY_REGISTERED: ['usage', 'a second callback for the same event with the same uid'],
  SPOOL_LOCKED: ['usage', 'the folder of a spool is in use, by another process or by this one'],
  MISSING_PACKAGE: ['usage', 'an optional package is needed and not installed; the message has the command for it'],
  INVALID_LINE: ['peer', 'a line that is no message'],
  INVALID_MESSAGE: ['peer', 'a message with a name outside the grammar'],
  INVALID_PARAMETER: ['peer', 'a parameter is missing or not of its type'],
  INVALID_CONTENT: ['peer', 'the content of an event that is no data, or past a limit'],
  INVALID_COUNT: ['peer', 'a count of a session that runs backwards, or is of what was never sent'],
  LINE_TOO_LONG: ['peer', 'a line longer than the limit'],
  NOT_ALLOWED: ['peer', 'a message that its sender may not send here'],
  REFUSED: ['peer', 'the other side answered INVALID, UNKNOWN or SERVICE_UNAVAILABLE, or did not take the message'],
  REQUEST_FAILED: ['peer', 'the other side answered a request of a link with an error'],
  PROTOCOL_ERROR: ['peer', 'the other side of a link broke the rules of its protocol, or says that we did'],
  NOT_AUTHENTICATED: ['peer', 'one side of a link does not accept who the other is: its token, or its certificate'],
  REPLACED: ['peer', 'another process has registered with the same id'],
  CLOSED: ['network', 'the connection is closed, or was closed by the other side'],
  SILENT: ['network', 'nothing came from the other side for too long'],
  SESSION_LOST: ['network', 'the other side has forgotten the session, and the message was not confirmed'],
  ABANDONED: ['network', 'stopped before the message was sent or confirmed'],
  DIAL_FAILED: ['network', 'no address of the other side could be reached'],
  LISTEN_FAILED: ['network', 'the address cannot be listened on or bound'],
  CHILD_FAILED: ['network', 'a child process has ended, or could not be started, once too often'],
  WATCH_FAILED: ['network', 'a file or folder cannot be watched'],
  SPOOL_FAILED: ['network', 'the disk of a spool cannot be read or written; it is tried again'],
  OUTBOX_FULL: ['limit', 'the outbox of a client that waits for its link is full'],
  DROPPED: ['limit', 'the policy of the outbox dropped this message'],
  EXPIRED: ['limit', 'the message waited in the outbox for longer than allowed'],
  SLOW_PEER: ['limit', 'the other side does not read what is sent to it'],
  DATAGRAM_TOO_LONG: ['limit', 'a message that does not fit one datagram'],
  BODY_TOO_LONG: ['limit', 'a request body or a message is longer than allowed'],
  SPOOL_FULL: ['limit', 'no room in a spool, or on its disk, for another message'],
  DIAL_TIMEOUT: ['timeout', 'an attempt to connect took too long'],
  REQUEST_TIMEOUT: ['timeout', 'no answer in time'],
  DRAIN_TIMEOUT: ['timeout', 'what was left at the end of a drain was abandoned'],
} as const satisfies Record<string, readonly [Reaction, string]>;

export type ErrorCode = keyof typeof errorCodes;

type CodeOf<R extends Reaction> = {
  [C in ErrorCode]: (typeof errorCodes)[C][0] extends R ? C : never;
}[ErrorCode];

/** The one ancestor: a stable `code` to branch on, and a `cause` to read. */
export class CommunicatorError<C extends ErrorCode = ErrorCode> extends Error {
  readonly code: C;

  constructor(code: C, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The call is wrong; the same call will fail again. */
export class UsageError extends CommunicatorError<CodeOf<'usage'>> {}

/** What the other side sent is wrong; it gets an answer, or its connection is closed. */
export class PeerError extends CommunicatorError<CodeOf<'peer'>> {
  /** The command of the message at fault, where one could be read. */
  readonly command: string | undefined;

  constructor(code: CodeOf<'peer'>, message: string, command?: string, options?: ErrorOptions) {
    super(code, message, options);
    this.command = command;
  }
}

/**
 * For a handler to throw: it has not taken the message, and never will. In a session its sender is told so: its `deliver`
 * rejects with REFUSED.
 */
export class Refusal extends PeerError {
  constructor(message: string, command?: string, options?: ErrorOptions) {
    super('REFUSED', message, command, options);
  }
}

/** The way to the other side, or to a disk, is broken; try again. */
export class NetworkError extends CommunicatorError<CodeOf<'network'>> {}

/** A stated limit was reached; nothing was taken over. */
export class LimitError extends CommunicatorError<CodeOf<'limit'>> {}

/** A deadline passed. */
export class TimeoutError extends CommunicatorError<CodeOf<'timeout'>> {}

/** The words of anything thrown, for a log line. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Anything thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
