// What a connection speaks, by its first bytes: HTTP begins with a method, a blank and a path; all else is a stream.

export type Told = 'http' | 'stream' | 'unknown';

const beginnings = ['GET', 'POST', 'OPTIONS', 'PUT', 'HEAD', 'DELETE', 'PATCH'].map(name => Buffer.from(`${name} /`));

/** `unknown` while the bytes are the beginning of a beginning. */
export function toldBy(bytes: Buffer): Told {
  let told: Told = 'stream';
  for (const beginning of beginnings) {
    const length = Math.min(bytes.length, beginning.length);
    if (bytes.compare(beginning, 0, length, 0, length) !== 0) continue;
    if (length === beginning.length) return 'http';
    told = 'unknown';
  }
  return told;
}
