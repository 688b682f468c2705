// What ed-link prints for people: text of others made harmless, colours where they can be seen.

import { styleText } from 'node:util';
import { printable } from '../../lib/logging/printable.ts';

type Colour = 'green' | 'yellow' | 'red' | 'cyan' | 'gray' | 'bold';

const colourful = process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '';

export function coloured(colour: Colour, text: string): string {
  return colourful ? styleText(colour, text) : text;
}

/** The colour of what a node is, or of what becomes of it. */
export const colours: { readonly [word: string]: Colour } = {
  connected: 'green',
  connect: 'green',
  resume: 'green',
  dropped: 'yellow',
  drop: 'yellow',
  closing: 'yellow',
  leave: 'red',
  here: 'gray',
};

/** A line for the terminal; a file or a program gets the text as it is. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A value in JSON: on one line for programs, else over several. */
export function sayJson(value: unknown, line: boolean): void {
  const text = JSON.stringify(value, null, line ? undefined : 2);
  say(process.stdout.isTTY ? text.split('\n').map(printable).join('\n') : text);
}

/** Values of a node that a controller describes: `instances=[7,8] map="desert"`. */
export function fields(values: { readonly [name: string]: unknown }): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(' ');
}

/** 2026-03-01 14:02:11, where the reader is. */
export function localTime(when: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = [when.getFullYear(), two(when.getMonth() + 1), two(when.getDate())].join('-');
  return `${day} ${[when.getHours(), when.getMinutes(), when.getSeconds()].map(two).join(':')}`;
}
