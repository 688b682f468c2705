import type { ServiceLogger, ServiceLoggerOptions } from './service-logger.ts';

export type { Logger, Severity } from './logger.ts';
export { severities, silentLogger } from './logger.ts';
export { often } from './often.ts';
export { printable } from './printable.ts';
export type { GivenLogger } from './steady-logger.ts';
export { SteadyLogger } from './steady-logger.ts';
export type { ServiceLogger, ServiceLoggerOptions };

/**
 * A winston logger set up for a service; winston itself is loaded here and not before.
 * @throws the system's error where the log file cannot be opened.
 */
export async function serviceLogger(options?: ServiceLoggerOptions): Promise<ServiceLogger> {
  const { createServiceLogger } = await import('./service-logger.ts');
  return createServiceLogger(options);
}
