// What goes over the wire, in both directions the same: one frame, `NAME NUL content`. The content is a tuple in pickle, as
// Python peers have it, or an array in JSON between our own; a JSON array begins with `[`, and no pickle does.

import { isUtf8 } from 'node:buffer';
import { reasonOf, UsageError } from '../../base/errors.ts';
import { refuseUnknown } from '../../base/options.ts';
import { unpickle } from './wire/pickle-reader.ts';
import type { PickleForm } from './wire/pickle-writer.ts';
import { pickle, pickleDefaults } from './wire/pickle-writer.ts';
import type { ContentLimits } from './wire/settle.ts';
import { contentLimits, refused, settled } from './wire/settle.ts';

/** How content is written: `pickle` (protocol 0 in the words of Python 2), another pickle, or `json`. */
export type ContentForm = 'pickle' | 'json' | Partial<PickleForm>;

/** A form of content, whole. */
export type SettledForm = 'json' | PickleForm;

const separator = 0;
const openingBracket = 0x5b;
const names = /^[A-Za-z_][A-Za-z0-9_.-]{0,254}$/;

/** @throws UsageError INVALID_VALUE, UNKNOWN_OPTION */
export function settledForm(form: ContentForm = 'pickle'): SettledForm {
  if (form === 'json') return 'json';
  if (form === 'pickle') return pickleDefaults;
  if (typeof form !== 'object') throw new UsageError('INVALID_VALUE', `content is ${String(form)}`);
  refuseUnknown('content', pickleDefaults, form);
  const { protocol = 0, dialect = 'python2' } = form;
  if (protocol !== 0 && protocol !== 2) throw new UsageError('INVALID_VALUE', `protocol is ${String(protocol)}`);
  if (!['python2', 'python3'].includes(dialect)) throw new UsageError('INVALID_VALUE', `dialect is ${dialect}`);
  return { protocol, dialect };
}

/** The name as it stands. @throws UsageError INVALID_NAME */
export function checkedName(name: string): string {
  if (names.test(name)) return name;
  throw new UsageError('INVALID_NAME', `"${name}" is no name for an event: letters, digits and _ . - up to 255`);
}

/** @throws UsageError INVALID_VALUE for content that is no data */
export function encodeEvent(name: string, content: readonly unknown[], form: SettledForm = pickleDefaults): Buffer {
  if (form !== 'json') return Buffer.from(`${name}\0${pickle(content, form)}`, 'latin1');
  try {
    return Buffer.from(`${name}\0${JSON.stringify(content)}`);
  } catch (cause) {
    throw new UsageError('INVALID_VALUE', `the content is no JSON: ${reasonOf(cause)}`, { cause });
  }
}

/** Where the name of an event ends; -1 where the frame is none of an event. A name is short: to look is faster than to ask. */
export function nameEnd(frame: Buffer): number {
  const near = Math.min(frame.length, 64);
  for (let at = 0; at < near; at += 1) if (frame[at] === separator) return at;
  return near < frame.length ? frame.indexOf(separator, near) : -1;
}

/** What a callback gets behind the event. @throws PeerError INVALID_CONTENT */
export function decodeContent(body: Buffer, limits: ContentLimits = contentLimits): unknown[] {
  if (body.length === 0) throw refused('it is empty');
  const value = settled(body[0] === openingBracket ? parsed(body) : unpickle(body, limits), limits);
  if (!Array.isArray(value)) throw refused('it is no tuple');
  return value;
}

function parsed(body: Buffer): unknown {
  if (!isUtf8(body)) throw refused('it is no UTF-8');
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw refused(reasonOf(error));
  }
}
