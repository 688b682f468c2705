// The reading half of a link: the channel's flow, the lines not yet handled, the messages held back.

import type { LineSlicer } from '../../framing/index.ts';
import type { Message } from '../../message/index.ts';
import type { Channel } from '../../transport/index.ts';

/** Most messages, and characters of messages, that are held back while a handler waits for an answer. */
const mostHeld = { messages: 10_000, characters: 16 * 1024 * 1024 } as const;

/** A message that was held back, with its number in the session. */
interface Held {
  readonly message: Message;
  readonly number: number;
  readonly characters: number;
}

export class Reading {
  readonly slicer: LineSlicer;
  readonly #channel: Channel;
  #flow: 'flowing' | 'paused' = 'flowing';
  #held: Held[] | undefined;
  #heldCharacters = 0;

  constructor(channel: Channel, slicer: LineSlicer) {
    this.#channel = channel;
    this.slicer = slicer;
  }

  push(chunk: Buffer): void {
    this.slicer.push(chunk);
  }

  /** Moves to the next line; false when more bytes are needed. @throws PeerError LINE_TOO_LONG */
  next(): boolean {
    return this.slicer.next();
  }

  get roomToHold(): boolean {
    const count = this.#held?.length ?? 0;
    return count < mostHeld.messages && this.#heldCharacters < mostHeld.characters;
  }

  /** Keeps the present line's message for later. */
  hold(message: Message, number: number): void {
    const characters = this.slicer.end - this.slicer.start;
    this.#held ??= [];
    this.#held.push({ message, number, characters });
    this.#heldCharacters += characters;
  }

  /** The oldest message that was held back. */
  takeHeld(): Held | undefined {
    const held = this.#held?.shift();
    if (held === undefined) return undefined;
    this.#heldCharacters -= held.characters;
    if (this.#held?.length === 0) this.#held = undefined;
    return held;
  }

  /** Lines and messages that came in and were not handled. */
  get left(): number {
    return (this.#held?.length ?? 0) + this.slicer.left;
  }

  /** Whether nothing is read at present. */
  get paused(): boolean {
    return this.#flow === 'paused';
  }

  pause(): void {
    if (this.#flow === 'paused') return;
    this.#flow = 'paused';
    this.#channel.pause();
  }

  resume(): void {
    if (this.#flow === 'flowing') return;
    this.#flow = 'flowing';
    this.#channel.resume();
  }

  clear(): void {
    this.slicer.clear();
    this.#held = undefined;
    this.#heldCharacters = 0;
  }
}
