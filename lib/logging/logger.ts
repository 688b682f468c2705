// What the library asks of a logger: a winston logger with these levels is one.

/** From worst to finest. */
export const severities = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type Severity = (typeof severities)[number];

export interface Logger {
  log(severity: Severity, message: string, fields?: object): unknown;
  isLevelEnabled(severity: Severity): boolean;
}

/** Says nothing: the default, for a library never prints unasked. */
export const silentLogger: Logger = {
  log: () => undefined,
  isLevelEnabled: () => false,
};
