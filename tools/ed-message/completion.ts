// What Tab offers: commands of the console, commands of the service, and names of parameters.

export interface Known {
  /** Commands of the service. */
  readonly commands: readonly string[];
  /** Names of the parameters of a command; none where it has no definition. */
  readonly parameters: (command: string) => readonly string[];
}

export const consoleCommands = ['.commands', '.help', '.quit', '.reconnect', '.trace'] as const;

/** The words that may stand at the end of the line, and the part of it that they take the place of. */
export function completions(line: string, { commands, parameters }: Known): [words: string[], part: string] {
  const begin = (words: readonly string[], part: string): [string[], string] => [
    words.filter(word => word.startsWith(part)),
    part,
  ];
  if (line.startsWith('.')) return begin(consoleCommands, line);
  // A sender may stand in front: <server:service COMMAND.
  const [, rest = ''] = /^\s*(?:<\S*\s+)?(.*)$/s.exec(line) ?? [];
  const [, place = '', command = '', tail] = /^((?:[^\s/]*\/)?)(\S*)(?:\s+(.*))?$/s.exec(rest) ?? [];
  if (tail === undefined) return begin(commands, rest.slice(place.length));
  const given = tail.split(';');
  const part = given.pop() ?? '';
  if (part.includes('=')) return [[], part];
  const used = given.map(one => one.trim().replace(/=.*$/s, ''));
  const left = parameters(command).filter(name => !used.includes(name));
  return begin(
    left.map(name => `${name}=`),
    part.trimStart(),
  );
}
