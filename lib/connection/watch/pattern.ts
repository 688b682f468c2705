// Names of files by pattern: `*` any characters, `?` one, `[a-c]` one of a set, `[!a-c]` one outside of it.

import { UsageError } from '../../base/errors.ts';

/** @throws UsageError INVALID_VALUE for a set that is not closed */
export function namePattern(pattern: string): RegExp {
  let expression = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    if (char === '*') expression += '.*';
    else if (char === '?') expression += '.';
    else if (char === '[') {
      const end = pattern.indexOf(']', at + 2);
      if (end < 0) throw new UsageError('INVALID_VALUE', `pattern "${pattern}" has a [ without a ]`);
      const set = pattern.slice(at + 1, end).replace(/[\\^]/g, '\\$&');
      expression += set.startsWith('!') ? `[^${set.slice(1)}]` : `[${set}]`;
      at = end;
    } else expression += char.replace(/[\\^$.|+(){}\]]/g, '\\$&');
  }
  return new RegExp(`^${expression}$`, 'su');
}

/** Whether a name has characters with a meaning here. */
export function isPattern(name: string): boolean {
  return /[*?[]/.test(name);
}
