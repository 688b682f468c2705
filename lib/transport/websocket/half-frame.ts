// Follows what comes on a socket from frame to frame (RFC 6455 §5.2), and tells when the rest of one does not come.
// Only a connection in the middle of a frame has one of these, with a timer. Where chunks end with a frame, as most do,
// all connections are followed by the one that is spare.

/** Whose frames these are. */
export interface HalfFrameOwner {
  /** Nobody reads at present, so that nothing can come. */
  readonly isHeld: boolean;
  /** Nothing came for the time, in the middle of a frame. */
  halfStopped(): void;
}

/** After so many bytes of a header it is known how many its length has. */
const known = 2;

export class HalfFrame {
  /** Bytes of the present header that came, up to its length. */
  #header = 0;
  #masked: 0 | 4 = 0;
  /** How many bytes the header has up to its length. */
  #size = known;
  #length = 0;
  /** Bytes that are still to come of the mask and the message. */
  #left = 0;
  #timer: NodeJS.Timeout | undefined;

  /** The half frame that is there after this chunk, where `half` was there before; it may wait for `time` ms. */
  static after(chunk: Buffer, half: HalfFrame | undefined, time: number, owner: HalfFrameOwner): HalfFrame | undefined {
    const followed = half ?? spare;
    followed.#follow(chunk);
    if (followed.#isWhole) {
      half?.forget();
      return undefined;
    }
    if (followed === spare) spare = new HalfFrame();
    followed.#wait(time, owner);
    return followed;
  }

  /** It is not waited for any longer. */
  forget(): void {
    clearTimeout(this.#timer);
  }

  get #isWhole(): boolean {
    return this.#left === 0 && this.#header === 0;
  }

  #follow(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#left > 0) {
        const part = Math.min(this.#left, chunk.length - at);
        this.#left -= part;
        at += part;
      } else {
        this.#take(chunk[at] ?? 0);
        at += 1;
      }
    }
  }

  #take(byte: number): void {
    this.#header += 1;
    if (this.#header === known) {
      const length = byte & 0x7f;
      this.#masked = (byte & 0x80) === 0 ? 0 : 4;
      this.#size = known + (length === 127 ? 8 : length === 126 ? 2 : 0);
      this.#length = length < 126 ? length : 0;
    } else if (this.#header > known) this.#length = this.#length * 256 + byte;
    if (this.#header < this.#size) return;
    this.#left = this.#masked + this.#length;
    this.#header = 0;
    this.#size = known;
  }

  #wait(time: number, owner: HalfFrameOwner): void {
    if (this.#timer !== undefined) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#late(time, owner), time);
  }

  #late(time: number, owner: HalfFrameOwner): void {
    this.#timer = undefined;
    if (owner.isHeld) this.#wait(time, owner);
    else owner.halfStopped();
  }
}

let spare = new HalfFrame();
