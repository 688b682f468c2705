// Two recordings of the same conversation, compared field by field; what differs is named.

import type { Said } from './link-tap.ts';

/** One message or close frame, with the fields that it has, by their path. */
interface Step {
  /** Which link, direction, and how many-eth of that direction. */
  readonly place: string;
  readonly type: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** What is another text in each run, and no difference. */
const secret = /(^|\.)(token|session_token)$/;

function* fieldsOf(value: unknown, path: string): Generator<[path: string, value: string]> {
  if (typeof value !== 'object' || value === null) {
    yield [path, secret.test(path) && typeof value === 'string' ? 'a token' : JSON.stringify(value)];
    return;
  }
  const parts = Object.entries(value);
  if (parts.length === 0) yield [path, JSON.stringify(value)];
  for (const [name, part] of parts) yield* fieldsOf(part, `${path}.${name}`);
}

/** Heartbeats come when their time is: of each direction the last one on the first link counts, at its end. */
function counted(said: readonly Said[]): Said[] {
  const isBeat = ({ text = '' }: Said): boolean => text.includes('"type":"heartbeat"');
  const last = (dir: string): Said[] => said.filter(one => isBeat(one) && one.dir === dir && one.link === 1).slice(-1);
  return [...said.filter(one => !isBeat(one)), ...last('c2s'), ...last('s2c')];
}

function stepsOf(said: readonly Said[]): Step[] {
  const counts = new Map<string, number>();
  return counted(said).map(({ link, dir, text, close }) => {
    const way = `link ${link} ${dir}`;
    const count = (counts.get(way) ?? 0) + 1;
    counts.set(way, count);
    const value = text === undefined ? { ...close } : (JSON.parse(text) as Record<string, unknown>);
    const fields = new Map([['parts', Object.keys(value).join()]]);
    for (const [name, part] of Object.entries(value)) for (const field of fieldsOf(part, name)) fields.set(...field);
    return { place: `${way} ${count}`, type: text === undefined ? 'close frame' : String(value.type), fields };
  });
}

/** Both directions together, as far as one waits for the other: what has no number. */
function handshakeOf(said: readonly Said[]): string {
  const words = said.flatMap(({ link, dir, text = '' }) => {
    const [, type = ''] = /^\{"seq":null,"type":"(\w+)"/.exec(text) ?? [];
    return type === '' || type === 'heartbeat' ? [] : [`${link} ${dir} ${type}`];
  });
  return words.join(', ');
}

/** One line for each field that is not the same in both; `there` is the model. */
export function differences(there: readonly Said[], here: readonly Said[]): string[] {
  const [theirs, ours] = [there, here].map(said => new Map(stepsOf(said).map(step => [step.place, step])));
  const found: string[] = [];
  const compare = (what: string, a = 'nothing', b = 'nothing'): void => {
    if (a !== b) found.push(`${what}: ${a} there, ${b} here`);
  };
  compare('handshake', handshakeOf(there), handshakeOf(here));
  for (const place of new Set([...(theirs?.keys() ?? []), ...(ours?.keys() ?? [])])) {
    const [a, b] = [theirs?.get(place), ours?.get(place)];
    compare(place, a?.type, b?.type);
    if (a === undefined || b === undefined || a.type !== b.type) continue;
    for (const path of new Set([...a.fields.keys(), ...b.fields.keys()])) {
      compare(`${place} ${a.type} ${path}`, a.fields.get(path), b.fields.get(path));
    }
  }
  return found;
}
