// Any text as one word of a subject of NATS, and back.
//
// Letters, digits and `! # $ & ' ( ) + , - / : ; = ? @ [ ] _ ~` and the like stand for themselves: all of printable ASCII but
// what has a meaning there (`.` `*` `>` and blanks) and `%`. The rest is %XX for ASCII, %uXXXX for each UTF-16 unit beyond
// it, lone surrogates included; the empty text is `%-`. Capital hexadecimal alone, so each text has one word.

const special = /[^\x21-\x7e]|[.*>%]/g;
const word = /^(?:[!-$&-)+-\-/-=?-~]|%[0-7][0-9A-F]|%u[0-9A-F]{4})+$/;
const escaped = /%u(....)|%(..)/g;

/** A text as one word of a subject. */
export function subjectWord(text: string): string {
  if (text === '') return '%-';
  return text.replace(special, unit => {
    const code = unit.charCodeAt(0);
    const digits = code.toString(16).toUpperCase();
    return code < 0x80 ? `%${digits.padStart(2, '0')}` : `%u${digits.padStart(4, '0')}`;
  });
}

/** The text of a word that `subjectWord` made; undefined for any other. */
export function textOfWord(subject: string): string | undefined {
  if (subject === '%-') return '';
  if (!word.test(subject)) return undefined;
  const text = subject.replace(escaped, (_, long: string | undefined, short: string) =>
    String.fromCharCode(Number.parseInt(long ?? short, 16)),
  );
  // What needs no escape must not have one, or two words would stand for one text.
  return subjectWord(text) === subject ? text : undefined;
}

/** Whether a text can be the beginning of subjects: words of letters, digits, `_` and `-`, with dots between. */
export function isPrefix(text: string): boolean {
  return text.length <= 100 && /^[\w-]+(?:\.[\w-]+)*$/.test(text);
}
