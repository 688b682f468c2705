// Makes bad lines of good ones. A byte a character, line feeds left out or put in.

import type { Chance } from './chance.ts';

type Mutation = (line: string, chance: Chance, others: readonly string[]) => string;

const extremes = [
  '0',
  '-0',
  '-1',
  '+1',
  '1e9',
  '0x10',
  '00000000000000000000001',
  '2147483647',
  '2147483648',
  '4294967296',
  '9007199254740991',
  '9007199254740992',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775809',
  '1e400',
  'NaN',
  'Infinity',
  '.5',
  '9'.repeat(400),
];

const pieces = [
  ...'<>:/=;"\\ \n\r\t\0{}[],*.?_@\x7f\x80\xff',
  '\r\n',
  '\\"',
  '\\\\"',
  '""',
  '\xc3\xa9',
  '\xed\xa0\x80',
  '\xf0\x9f\x98\x80',
  '\xef\xbb\xbf',
  '\\ud800',
  '\\u0000',
  '_session=',
  '_request=',
  '_answer=1',
  ';_request=1',
  '__proto__=1',
  'constructor=1',
  '{"command":"PING"}',
  '"parameters":{',
  '"__proto__":1',
];

/** Longer lines are seldom: they cost time, and say little. */
const lengths = { usual: 6_000, seldom: 80_000, limit: 1_100_000 } as const;

const cut = (line: string, from: number, to: number, between: string): string =>
  line.slice(0, from) + between + line.slice(to);

const mutations: readonly Mutation[] = [
  function flip(line, chance) {
    const at = chance.below(line.length);
    return cut(line, at, at + 1, String.fromCharCode((line.charCodeAt(at) || 0) ^ (1 << chance.below(8))));
  },
  function insert(line, chance) {
    const at = chance.below(line.length + 1);
    return cut(line, at, at, chance.bytes(chance.between(1, 20)));
  },
  function insertPiece(line, chance) {
    const at = chance.below(line.length + 1);
    return cut(line, at, at, chance.pick(pieces).repeat(chance.oneIn(10) ? chance.between(2, 300) : 1));
  },
  function remove(line, chance) {
    const at = chance.below(line.length + 1);
    return cut(line, at, at + chance.between(1, 20), '');
  },
  function duplicate(line, chance) {
    const at = chance.below(line.length + 1);
    const piece = line.slice(at, at + chance.between(1, 60));
    return cut(line, at, at, piece.repeat(chance.oneIn(20) ? chance.between(1, 200) : 1));
  },
  function splice(line, chance, others) {
    const other = chance.pick(others);
    return line.slice(0, chance.below(line.length + 1)) + other.slice(chance.below(other.length + 1));
  },
  function extremeNumber(line, chance) {
    const numbers = [...line.matchAll(/-?\d+/g)];
    const found = chance.pick(numbers);
    if (found === undefined) return `${line} n=${chance.pick(extremes)}`;
    return cut(line, found.index, found.index + found[0].length, chance.pick(extremes));
  },
  function truncate(line, chance) {
    return line.slice(0, chance.below(line.length + 1));
  },
  function breakInTwo(line, chance) {
    const at = chance.below(line.length + 1);
    return cut(line, at, at, '\n');
  },
  function long(line, chance) {
    if (!chance.oneIn(8)) return line;
    const most = chance.oneIn(2_000) ? lengths.limit : chance.oneIn(50) ? lengths.seldom : lengths.usual;
    const at = chance.below(line.length + 1);
    const piece = chance.oneIn(3) ? chance.pick(pieces) : String.fromCharCode(chance.below(256));
    const length = most === lengths.limit ? most : chance.between(100, most);
    return cut(line, at, at, piece.repeat(Math.ceil(length / piece.length)));
  },
  function manyParameters(line, chance) {
    if (!chance.oneIn(8)) return line;
    const names = Array.from({ length: chance.between(2, 400) }, (_, at) => `p${at % 90}=${at}`);
    return `${line}${line.includes(' ') ? ';' : ' '}${names.join(';')}`;
  },
];

/** A line that may be good, a little bad, or very bad. */
export function mutated(line: string, chance: Chance, others: readonly string[]): string {
  let text = line;
  for (let times = chance.pick([0, 1, 1, 1, 2, 2, 3, 6]); times > 0; times -= 1) {
    text = chance.pick(mutations)(text, chance, others);
  }
  return text;
}
