// A line that was typed, as a message; and a message that came, as a line.

import { styleText } from 'node:util';
import { UsageError } from '../../lib/base/errors.ts';
import { printable } from '../../lib/logging/printable.ts';
import { admit } from '../../lib/message/door.ts';
import type { Message } from '../../lib/message/message.ts';
import { decode, encode } from '../../lib/message/text.ts';

const refusals: ReadonlySet<string> = new Set(['UNKNOWN', 'INVALID', 'SERVICE_UNAVAILABLE']);

/** Undefined for an empty line and for a comment (`# …`). @throws UsageError, PeerError for what is no message */
export function messageOf(line: string): Message | undefined {
  if (/^\s*(?:#|$)/.test(line)) return undefined;
  const message = decode(line);
  if (message !== undefined && admit(message) === 'unknown') {
    throw new UsageError('INVALID_VALUE', `"${message.command}" is no command (A-Z, 0-9 and _)`);
  }
  return message;
}

/** Whether the other side says that it did not do something. */
export function isRefusal({ command }: Message<unknown>): boolean {
  return refusals.has(command);
}

/** Safe for a terminal; the command, and refusals as a whole, have a colour of their own. */
export function shown(message: Message<unknown>, colour: boolean): string {
  const line = printable(encode(message));
  if (!colour) return line;
  if (isRefusal(message)) return painted('red', line);
  return line.replace(/(^|[\s/:])([A-Z][A-Z0-9_]*)(?=\s|$)/, (_, before: string, command: string) => {
    return `${before}${painted('green', command)}`;
  });
}

export function hasColour(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && process.env.NO_COLOR === undefined;
}

/** Whether there is a terminal is asked once, by `hasColour`. */
export function painted(colour: Parameters<typeof styleText>[0], text: string): string {
  return styleText(colour, text, { validateStream: false });
}
