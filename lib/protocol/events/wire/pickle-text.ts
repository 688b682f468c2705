// How Python writes numbers and texts in the lines of protocol 0, and how it reads them.
//
// Everything here is a binary string: each character is one byte.

const plainAscii = /^[ !#-&(-[\]-~]*$/;
const plainLatin = /^[\x20-\x5b\x5d-\xff]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python escapes these
const escapedInUnicode = /[\0\n\r\x1a\\]|[^\0-\xff]/gu;

const letters: { readonly [letter: string]: string } = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\n': '',
};

/** `repr` of a byte string: in single quotes, unless it has some and no double ones. */
export function bytesRepr(bytes: string): string {
  if (plainAscii.test(bytes)) return `'${bytes}'`;
  const quote = bytes.includes("'") && !bytes.includes('"') ? '"' : "'";
  const escaped = bytes.replace(/[^ -~]|[\\'"]/g, char => {
    if (char === '\\' || char === quote) return `\\${char}`;
    if (char === '\n') return '\\n';
    if (char === '\r') return '\\r';
    if (char === '\t') return '\\t';
    return char >= ' ' && char <= '~' ? char : `\\x${hex(char.charCodeAt(0), 2)}`;
  });
  return `${quote}${escaped}${quote}`;
}

/** The bytes that `bytesRepr` stands for; undefined where it is none. */
export function readBytesRepr(text: string): string | undefined {
  const quote = text[0];
  if (text.length < 2 || (quote !== "'" && quote !== '"') || !text.endsWith(quote)) return undefined;
  const inner = text.slice(1, -1);
  if (!inner.includes('\\')) return inner.includes(quote) ? undefined : inner;
  return readEscapes(inner);
}

function readEscapes(text: string): string | undefined {
  // The last backslash must not be what escapes the closing quote.
  if (/(?:^|[^\\])(?:\\\\)*\\$/.test(text)) return undefined;
  if (/^(?:[^\\]|\\.)*?\\x(?![0-9a-fA-F]{2})/s.test(text)) return undefined;
  return text.replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)/gs, (whole, what: string) => {
    const known = letters[what];
    if (known !== undefined) return known;
    if (what.startsWith('x') && what.length === 3) return String.fromCharCode(Number.parseInt(what.slice(1), 16));
    if (/^[0-7]/.test(what)) return String.fromCharCode(Number.parseInt(what, 8) & 0xff);
    return whole;
  });
}

/** Text as `raw-unicode-escape`, with the characters escaped that would end its line. */
export function unicodeLine(text: string): string {
  if (plainLatin.test(text)) return text;
  return text.replace(escapedInUnicode, char => {
    const point = char.codePointAt(0) ?? 0;
    return point > 0xffff ? `\\U${hex(point, 8)}` : `\\u${hex(point, 4)}`;
  });
}

/** The text behind `unicodeLine`; undefined where an escape is none. */
export function readUnicodeLine(line: string): string | undefined {
  if (!line.includes('\\')) return line;
  let isGood = true;
  const text = line.replace(/\\(?:u(.{0,4})|U(.{0,8})|.)/gs, (whole, short?: string, long?: string) => {
    const digits = short ?? long;
    if (digits === undefined) return whole;
    const point = digits.length === (short === undefined ? 8 : 4) && /^[0-9a-fA-F]+$/.test(digits) ? digits : 'none';
    const value = Number.parseInt(point, 16);
    isGood &&= value <= 0x10ffff;
    return isGood ? String.fromCodePoint(value) : '';
  });
  return isGood ? text : undefined;
}

/** `repr` of a float: the shortest digits that give it back, with an exponent below 1e-4 and from 1e16 on. */
export function floatRepr(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const [mantissa = '', power = ''] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const sign = value < 0 ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

/** The number behind `floatRepr`; undefined where it is none. */
export function readFloat(text: string): number | undefined {
  const [, sign = '', word = ''] = /^([+-]?)(inf|nan)$/i.exec(text) ?? [];
  if (word !== '') return word.toLowerCase() === 'nan' ? Number.NaN : Number(`${sign}Infinity`);
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

/** UTF-8, each byte a character; lone surrogates as Python's `surrogatepass` writes them. */
export function utf8Bytes(text: string): string {
  const bytes = (good: string): string => Buffer.from(good, 'utf8').toString('latin1');
  if (text.isWellFormed()) return bytes(text);
  return text.replace(/[^\ud800-\udfff]+|[\ud800-\udbff][\udc00-\udfff]|./gs, part => {
    const unit = part.charCodeAt(0);
    if (part.length > 1 || unit < 0xd800 || unit > 0xdfff) return bytes(part);
    return String.fromCharCode(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f));
  });
}

/** The text behind `utf8Bytes`; undefined where it is none. */
export function readUtf8(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  if (!text.includes('\ufffd')) return text;
  if (Buffer.from(text, 'utf8').equals(bytes)) return text;
  return readSurrogates(bytes);
}

/** As `readUtf8`, where lone surrogates stand as three bytes: ED A0..BF 80..BF. */
function readSurrogates(bytes: Buffer): string | undefined {
  const parts: string[] = [];
  let from = 0;
  for (let at = bytes.indexOf(0xed); at !== -1; at = bytes.indexOf(0xed, at + 1)) {
    const [, second = 0, third = 0] = bytes.subarray(at, at + 3);
    if (second < 0xa0 || second > 0xbf || third < 0x80 || third > 0xbf) continue;
    parts.push(bytes.toString('utf8', from, at), String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | (third & 0x3f)));
    from = at + 3;
  }
  const text = [...parts, bytes.toString('utf8', from)].join('');
  return Buffer.from(utf8Bytes(text), 'latin1').equals(bytes) ? text : undefined;
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, '0');
}
