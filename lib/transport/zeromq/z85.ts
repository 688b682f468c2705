// Z85 (ZeroMQ RFC 32): four bytes as five printable characters. Keys of CURVE have 32 bytes, so 40 characters.

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';

/** The text of a whole number of four bytes. */
export function z85(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = '';
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const word = view.getUint32(at);
    for (let power = 85 ** 4; power >= 1; power /= 85) text += alphabet[Math.floor(word / power) % 85];
  }
  return text;
}

/** Whether it is a key of CURVE: 40 characters, each five of which stand for at most 2^32 - 1. */
export function isKey(text: string): boolean {
  if (text.length !== 40) return false;
  for (let at = 0; at < 40; at += 5) {
    let word = 0;
    for (const char of text.slice(at, at + 5)) {
      const digit = alphabet.indexOf(char);
      if (digit === -1) return false;
      word = word * 85 + digit;
    }
    if (word > 0xffff_ffff) return false;
  }
  return true;
}
