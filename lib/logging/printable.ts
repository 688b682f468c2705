// Text of others, made harmless for whoever reads a log or a terminal.

/** Control characters of a peer would act on the terminal of whoever reads the log. */
export function printable(line: string): string {
  return line.replaceAll(/\p{Cc}/gu, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
