// A process to stop, known by its pid and by the time that it started: a pid alone may be another's in a moment.

import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { NetworkError, reasonOf, UsageError } from '../../lib/base/errors.ts';
import { textOfFile } from '../command-line.ts';

export interface Target {
  readonly pid: number;
  /** Ticks between the start of the machine and its own, as text; undefined where the system does not say. */
  readonly start: string | undefined;
}

/** systemctl has this long, in ms. */
const systemctlTime = 10_000;
const unitPattern = /^[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]*$/;
/** Ticks in a second; the same on every Linux, whatever its kernel counts in. */
const ticksPerSecond = 100;
/** The file may be a little older than the process says: both are rounded, in s. */
const clockTolerance = 2;

/** The process of a pid; undefined where there is none, or where it has ended and its parent has not asked. */
export function targetOf(pid: number): Target | undefined {
  const stat = statOf(pid);
  if (stat !== undefined) return stat.state === 'Z' || stat.state === 'X' ? undefined : { pid, start: stat.start };
  // Without /proc a pid is all there is to know.
  return statOf(process.pid) === undefined && answers(pid) ? { pid, start: undefined } : undefined;
}

export function isAlive({ pid, start }: Target): boolean {
  const present = targetOf(pid);
  return present !== undefined && present.start === start;
}

/** Sends a signal, if it is still that process. @throws NetworkError CLOSED where the system refuses */
export function signalTo(target: Target, signal: NodeJS.Signals): void {
  if (!isAlive(target)) return;
  try {
    process.kill(target.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
    const reason = (error as NodeJS.ErrnoException).code === 'EPERM' ? 'permission denied' : reasonOf(error);
    throw new NetworkError('CLOSED', `cannot send ${signal} to process ${target.pid}: ${reason}`, { cause: error });
  }
}

/** A pid, or the main process of a systemd unit; undefined for a unit that does not run. @throws UsageError, NetworkError */
export async function targetOfService(service: string): Promise<Target | undefined> {
  if (/^-?\d+$/.test(service)) {
    const pid = pidOf('service', service);
    const target = targetOf(pid);
    if (target === undefined) throw new NetworkError('CLOSED', `there is no process ${pid}`);
    return target;
  }
  if (!unitPattern.test(service)) {
    throw new UsageError('INVALID_VALUE', `--service ${service} is neither a pid nor the name of a systemd unit`);
  }
  const pid = pidOf(`service ${service}`, await mainPid(service));
  return pid === 0 ? undefined : targetOf(pid);
}

/** Undefined where the process has ended. @throws UsageError, NetworkError CLOSED where the pid is another's by now */
export function targetOfFile(path: string): Target | undefined {
  const pid = pidOf('pid-file', textOfFile('pid-file', path));
  const target = targetOf(pid);
  if (target?.start === undefined) return target;
  const started = bootTime() + Number(target.start) / ticksPerSecond;
  if (started <= statSync(path).mtimeMs / 1000 + clockTolerance) return target;
  const words = `process ${pid} is younger than ${path}, and so another: give its pid to stop it all the same`;
  throw new NetworkError('CLOSED', words);
}

async function mainPid(unit: string): Promise<string> {
  try {
    const words = ['show', '--property', 'MainPID', '--value', unit];
    const { stdout } = await promisify(execFile)('systemctl', words, { timeout: systemctlTime });
    return stdout.trim();
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = missing ? 'systemctl is not here, give a pid or a --pid-file' : reasonOf(error).trim();
    throw new NetworkError('CLOSED', `cannot ask systemd for ${unit}: ${reason.replaceAll('\n', ' ')}`);
  }
}

function pidOf(option: string, text: string): number {
  const pid = Number(text);
  const least = option.includes(' ') ? 0 : 1;
  if (!/^\d+$/.test(text) || pid < least || pid > 2 ** 31) {
    throw new UsageError('INVALID_VALUE', `--${option}: "${text.slice(0, 40)}" is no pid`);
  }
  if (pid === process.pid) throw new UsageError('INVALID_VALUE', `--${option}: ${pid} is this program itself`);
  return pid;
}

/** State and start, from the fields 3 and 22 of stat; the name before them may hold anything. */
function statOf(pid: number): { readonly state: string; readonly start: string | undefined } | undefined {
  const text = readable(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', start: fields[19] };
}

function bootTime(): number {
  return Number(/^btime (\d+)$/m.exec(readable('/proc/stat') ?? '')?.[1] ?? 0);
}

function readable(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function answers(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
