// A set of definitions, by command: what a dispatcher checks messages against.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PeerError, reasonOf, UsageError } from '../base/errors.ts';
import { refuseUnknown } from '../base/options.ts';
import { readConf } from './conf.ts';
import type { MessageDefinition } from './definition.ts';
import type { Message } from './message.ts';

export interface DefinitionsOptions {
  /** Whether messages that go out are checked as well. @default unless NODE_ENV is 'production' */
  readonly checkSent?: boolean | undefined;
}

export class Definitions {
  readonly #known = new Map<string, MessageDefinition>();
  readonly #checkSent: boolean;

  /** @throws UsageError DUPLICATE_RULE for two of one command, UNKNOWN_OPTION */
  constructor(definitions: Iterable<MessageDefinition>, options: DefinitionsOptions = {}) {
    refuseUnknown('definitions', { checkSent: 0 }, options);
    this.#checkSent = options.checkSent ?? process.env.NODE_ENV !== 'production';
    for (const definition of definitions) {
      const { command } = definition;
      if (this.#known.has(command)) throw new UsageError('DUPLICATE_RULE', `${command} is defined twice`);
      this.#known.set(command, definition);
    }
  }

  /** The commands that are defined, sorted. */
  get commands(): string[] {
    return [...this.#known.keys()].sort();
  }

  get(command: string): MessageDefinition | undefined {
    return this.#known.get(command);
  }

  /** A message without a definition is fine. @throws PeerError INVALID_PARAMETER with every reason at once */
  check(message: Message<unknown>): void {
    this.#known.get(message.command)?.read(message);
  }

  /** For a message that goes out; does nothing in production. @throws UsageError INVALID_VALUE with every reason */
  checkSent(message: Message<unknown>): void {
    if (!this.#checkSent) return;
    try {
      this.check(message);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      throw new UsageError('INVALID_VALUE', `${message.command} does not fit its definition: ${error.message}`);
    }
  }
}

/**
 * Reads all `<COMMAND>.conf` of some folders; of two files for one command, the one in the earlier folder is taken.
 * @throws UsageError INVALID_VALUE for a folder that cannot be read, and with every error of the first bad file
 */
export async function readDefinitions(
  folders: string | readonly string[],
  options: DefinitionsOptions = {},
): Promise<Definitions> {
  const found = new Map<string, string>();
  for (const folder of typeof folders === 'string' ? [folders] : folders) {
    for (const name of await namesIn(folder)) if (!found.has(name)) found.set(name, join(folder, name));
  }
  return new Definitions(await Promise.all([...found.values()].map(readConf)), options);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter(name => name.endsWith('.conf')).sort();
  } catch (error) {
    throw new UsageError('INVALID_VALUE', `cannot read ${folder}: ${reasonOf(error)}`, { cause: error });
  }
}
