// Message definitions as the C++ library writes them (reference eventdispatcher §3.5): a file `<COMMAND>.conf` with a
// section for each parameter.
//
//   [name]
//   type = string | integer | address | timespec          ours besides: boolean, number, enum
//   flags = required, empty, forbidden, optional
//   min = 1                                               ours: of integer and number
//   values = red, green                                   ours: of enum
//
// Without `flags` a parameter is required and may be empty; with it, it may be empty only where it says so. An empty
// text that is allowed is fine for every type.

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { reasonOf, UsageError } from '../base/errors.ts';
import type { Parameter, Shape } from './definition.ts';
import { bigint, boolean, forbidden, MessageDefinition, number, oneOf, string, timespec } from './definition.ts';
import { isCommand, isName } from './names.ts';
import type { Value } from './values.ts';
import { readHostPort } from './values.ts';

/** What is wrong in a file. A warning is what the C++ library passes over, such as a key that it does not know. */
export interface ConfProblem {
  /** From 1. */
  readonly line: number;
  readonly severity: 'error' | 'warning';
  readonly text: string;
}

export interface Conf {
  /** Undefined where a problem is an error. */
  readonly definition: MessageDefinition | undefined;
  readonly problems: readonly ConfProblem[];
}

interface Entry {
  readonly line: number;
  readonly value: string;
}

interface Section {
  readonly line: number;
  readonly entries: Map<string, Entry>;
}

type Report = (line: number, text: string, severity?: ConfProblem['severity']) => void;

const keys: ReadonlySet<string> = new Set(['type', 'flags', 'description', 'min', 'max', 'values']);
const flagNames: ReadonlySet<string> = new Set(['required', 'empty', 'forbidden', 'optional', 'defined', 'allowed']);
const typeNames = ['default', 'string', 'integer', 'address', 'timespec', 'boolean', 'number', 'enum'] as const;
type TypeName = (typeof typeNames)[number];

/** Reads the text of a definition file. */
export function parseConf(command: string, text: string): Conf {
  const problems: ConfProblem[] = [];
  const report: Report = (line, text, severity = 'error') => problems.push({ line, severity, text });
  if (!isCommand(command)) report(1, `"${command}" is no command: use A-Z, 0-9 and _, no digit first`);
  const shape: { [name: string]: Parameter<Value> } = Object.create(null);
  for (const [name, section] of sectionsOf(text, report)) {
    if (!isName(name)) report(section.line, `"${name}" is no name for a parameter`);
    const parameter = parameterOf(section, report);
    if (parameter !== undefined) shape[name] = parameter;
  }
  problems.sort((a, b) => a.line - b.line);
  const good = problems.every(({ severity }) => severity === 'warning');
  return { definition: good ? new MessageDefinition(command, shape as Shape) : undefined, problems };
}

/**
 * Reads a definition file; its name tells the command.
 * @throws UsageError INVALID_VALUE with every error in it, or where it cannot be read
 */
export async function readConf(path: string): Promise<MessageDefinition> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new UsageError('INVALID_VALUE', `cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  });
  const { definition, problems } = parseConf(basename(path, '.conf'), text);
  if (definition !== undefined) return definition;
  const errors = problems.filter(({ severity }) => severity === 'error');
  throw new UsageError('INVALID_VALUE', errors.map(({ line, text }) => `${path}:${line}: ${text}`).join('\n'));
}

function sectionsOf(text: string, report: Report): Map<string, Section> {
  const sections = new Map<string, Section>();
  let present: Section | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const name = /^\[(.*)\]$/.exec(line)?.[1]?.trim().replaceAll('-', '_');
    if (name === undefined) {
      entry(line, index + 1, present, report);
      continue;
    }
    if (sections.has(name)) report(index + 1, `[${name}] is there twice`);
    present = { line: index + 1, entries: new Map() };
    sections.set(name, present);
  }
  return sections;
}

function entry(line: string, at: number, section: Section | undefined, report: Report): void {
  const [, key, value = ''] = /^([^\s=:]+)\s*[=:]\s*(.*)$/.exec(line) ?? [];
  if (key === undefined) return report(at, `"${line}" is neither "key = value" nor "[parameter]"`);
  if (section === undefined) {
    if (key !== 'description') report(at, `"${key}" stands before the first [parameter]`, 'warning');
    return;
  }
  if (!keys.has(key)) report(at, `"${key}" is no key (there is ${[...keys].join(', ')})`, 'warning');
  if (section.entries.has(key)) report(at, `"${key}" is there twice`);
  section.entries.set(key, { line: at, value: value.replace(/^(["'])(.*)\1$/, '$2') });
}

function parameterOf(section: Section, report: Report): Parameter<Value> | undefined {
  const type = typeOf(section, report);
  const flags = flagsOf(section, report);
  if (type === undefined) return undefined;
  if (flags.has('forbidden')) {
    if (flags.has('required')) report(section.line, 'it cannot be required and forbidden');
    return forbidden();
  }
  const given = section.entries.has('flags');
  const optional = given && !flags.has('required');
  const empty = !given || flags.has('empty');
  const read = readerOf(type, section, report);
  return { optional, empty, read: text => (text === '' && empty ? '' : read(text)) };
}

function typeOf({ entries }: Section, report: Report): TypeName | undefined {
  const { value = 'string', line = 0 } = entries.get('type') ?? {};
  const found = typeNames.find(name => name === value);
  if (found === undefined) report(line, `"${value}" is no type (there is ${typeNames.join(', ')})`);
  return found;
}

function flagsOf({ entries }: Section, report: Report): ReadonlySet<string> {
  const { value = '', line = 0 } = entries.get('flags') ?? {};
  const flags = words(value);
  for (const flag of flags) {
    if (!flagNames.has(flag)) report(line, `"${flag}" is no flag (there is ${[...flagNames].join(', ')})`);
  }
  return new Set(flags);
}

function readerOf(type: TypeName, section: Section, report: Report): (text: string) => Value {
  const { entries, line } = section;
  const misplaced = (key: string, needed: string): void => {
    const found = entries.get(key);
    if (found !== undefined) report(found.line, `"${key}" is for ${needed}`);
  };
  if (type !== 'enum') misplaced('values', 'type = enum');
  if (type !== 'integer' && type !== 'number') for (const key of ['min', 'max']) misplaced(key, 'integer and number');
  if (type === 'enum') {
    const known = words(entries.get('values')?.value ?? '');
    if (known.length === 0) report(line, 'an enum needs "values = one, two"');
    return oneOf(known).read;
  }
  if (type === 'integer') return ranged(section, bigint, report);
  if (type === 'number') return ranged(section, number, report);
  return readers[type];
}

const readers = {
  default: string().read,
  string: string().read,
  timespec: timespec().read,
  boolean: boolean().read,
  /** The C++ library takes one without a port, too. */
  address: (text: string): Value => (/^(?:\[[0-9A-Fa-f:.]+\]|[^\s:/[\]]+)$/.test(text) ? text : readHostPort(text)),
} as const;

function ranged<T extends number | bigint>(
  { entries, line }: Section,
  declare: (range: { min?: T | undefined; max?: T | undefined }) => Parameter<T>,
  report: Report,
): (text: string) => Value {
  const limit = (key: 'min' | 'max'): T | undefined => {
    const found = entries.get(key);
    try {
      return found === undefined ? undefined : declare({}).read(found.value);
    } catch (error) {
      report(found?.line ?? line, `${key}: ${reasonOf(error)}`);
      return undefined;
    }
  };
  try {
    return declare({ min: limit('min'), max: limit('max') }).read;
  } catch (error) {
    report(line, reasonOf(error));
    return declare({}).read;
  }
}

function words(list: string): string[] {
  return list
    .split(',')
    .map(word => word.trim())
    .filter(word => word !== '');
}
