// winston as a service wants it: severities down to trace, a console for people, a file that reopens on request.

import winston from 'winston';
import Transport from 'winston-transport';
import { guarded } from '../base/guard.ts';
import { LogFailures } from './log-failures.ts';
import type { Severity } from './logger.ts';
import { severities } from './logger.ts';
import { ReopeningFile } from './reopening-file.ts';

export interface ServiceLoggerOptions {
  /** Name in front of each line. @default none */
  readonly name?: string | undefined;
  /** Finest severity that is logged. @default 'info' */
  readonly level?: Severity | undefined;
  /** Lines for people on the standard error. @default true */
  readonly console?: boolean | undefined;
  /** Lines into a file, one JSON object each. @default none */
  readonly file?: string | undefined;
}

/** A winston logger that can reopen its files. */
export interface ServiceLogger extends winston.Logger {
  /** Goes on in new files of the same names; an error of one is logged, and the old file stays in use. */
  reopen(): void;
  /** How often a transport that was added threw or reported an error. */
  readonly failures: number;
}

const colours: Record<Severity, string> = {
  fatal: 'bold red',
  error: 'red',
  warn: 'yellow',
  info: 'green',
  debug: 'cyan',
  trace: 'gray',
};

/** @throws the system's error where the file cannot be opened. */
export function createServiceLogger(options: ServiceLoggerOptions = {}): ServiceLogger {
  const { name = '', level = 'info', file } = options;
  const levels = Object.fromEntries(severities.map((severity, rank) => [severity, rank]));
  const files = file === undefined ? [] : [new ReopeningFile({ filename: file, format: winston.format.json() })];
  const transports: winston.transport[] = [...files];
  if (options.console ?? true) transports.push(consoleTransport(name));
  const format = winston.format.combine(winston.format.timestamp(), winston.format.errors({ stack: true }));
  const logger = winston.createLogger({ levels, level, format, transports, silent: transports.length === 0 });
  for (const one of files) one.on('warn', (error: Error) => process.stderr.write(`${error.message}\n`));
  const failures = keepSteady(logger);
  const more = { reopen: () => reopenAll(files, logger), failures: 0 };
  return Object.defineProperty(Object.assign(logger, more), 'failures', { get: () => failures.count });
}

/**
 * A transport that was added and throws would leave winston waiting for it for ever, with all later lines; one that
 * reports an error would end the process.
 */
function keepSteady(logger: winston.Logger): LogFailures {
  const failures = new LogFailures();
  logger.on('error', (error: unknown) => failures.note(error));
  const { add } = logger;
  logger.add = transport => {
    if (transport instanceof Transport) guard(transport, failures);
    return add.call(logger, transport);
  };
  return failures;
}

function guard(transport: Transport, failures: LogFailures): void {
  const log = transport.log?.bind(transport);
  if (log === undefined) return;
  transport.log = (info, next) => {
    let goOn: () => void = next;
    const once = (): void => {
      goOn();
      goOn = () => undefined;
    };
    guarded(
      () => log(info, once),
      error => {
        failures.note(error);
        once();
      },
    );
  };
}

function reopenAll(files: readonly ReopeningFile[], logger: winston.Logger): void {
  for (const file of files) {
    try {
      file.reopen();
      logger.log('info', `log file ${file.filename} reopened`);
    } catch (error) {
      logger.log('error', `log file ${file.filename} cannot be reopened, the old one stays in use`, {
        error,
      });
    }
  }
}

function consoleTransport(name: string): winston.transport {
  const { combine, printf, uncolorize } = winston.format;
  const colorizer = winston.format.colorize();
  colorizer.addColors(colours);
  const line = printf(({ timestamp, level, message, ...fields }) => {
    const label = colorizer.colorize(level, level.padEnd(5));
    return `${timestamp} ${label} ${name === '' ? '' : `${name}: `}${message}${fieldsText(fields)}`;
  });
  const plain = process.stderr.isTTY && (process.env.NO_COLOR ?? '') === '' ? [] : [uncolorize()];
  return new winston.transports.Console({
    stderrLevels: [...severities],
    format: combine(line, ...plain),
  });
}

function fieldsText(fields: object): string {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return entries.map(([key, value]) => ` ${key}=${fieldText(value)}`).join('');
}

function fieldText(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
