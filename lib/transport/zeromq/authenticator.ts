// Answers ZeroMQ's question who may come in (ZAP, RFC 27). libzmq asks at a fixed address of its context, so each server with
// keys has a context of its own; without anybody at that address, it would let everybody in.

import type { Context, Reply } from 'zeromq';
import type { ZeroMq } from './library.ts';
import { z85 } from './z85.ts';

const address = 'inproc://zeromq.zap.01';
const version = '1.0';

export interface Doorkeeper {
  /** Whether the owner of this public key (Z85) may come in. */
  allows(key: string): boolean;
  /** Somebody was refused. */
  refused(key: string, from: string): void;
}

export class Authenticator {
  readonly #socket: Reply;
  readonly #keeper: Doorkeeper;

  private constructor(socket: Reply, keeper: Doorkeeper) {
    this.#socket = socket;
    this.#keeper = keeper;
  }

  static open({ Reply }: ZeroMq, context: Context, keeper: Doorkeeper): Authenticator {
    const socket = new Reply({ context, linger: 0 });
    socket.bindSync(address);
    const authenticator = new Authenticator(socket, keeper);
    void authenticator.#run();
    return authenticator;
  }

  close(): void {
    this.#socket.close();
  }

  async #run(): Promise<void> {
    try {
      for await (const frames of this.#socket) await this.#socket.send(this.#answer(frames));
    } catch {
      // Closed while it waited or answered.
    }
  }

  #answer(frames: readonly Buffer[]): (Buffer | string)[] {
    const [said = '', id = '', , from = '', , mechanism = '', credential] = frames;
    const answer = (status: string, words: string): (Buffer | string)[] => [version, id, status, words, '', ''];
    if (String(said) !== version || String(mechanism) !== 'CURVE' || credential?.length !== 32) {
      return answer('400', 'a CURVE key is needed');
    }
    const key = z85(credential);
    try {
      if (this.#keeper.allows(key)) return answer('200', 'OK');
      this.#keeper.refused(key, String(from));
    } catch {
      return answer('500', 'the keys cannot be read');
    }
    return answer('400', 'the key is not known here');
  }
}
