// Texts that keep nothing but themselves. A piece of a text, from 13 characters on, keeps the whole that it was cut from: one
// value of a line the chunk that came from the link, up to 64 KiB.

/** A shorter piece is a text of its own from the beginning. */
const shortestPiece = 13;

/** The same text on its own. */
export function ownText(text: string): string {
  // To take a piece of a text that was put together, that is written down anew first; no way through bytes is as quick.
  return text.length < shortestPiece ? text : ` ${text}`.slice(1);
}
