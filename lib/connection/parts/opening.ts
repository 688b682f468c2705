// The outcome of opening a listener or a packet socket, for whoever asks. Nobody has to ask: an error that
// nobody looked after is handed to the owner, so that run() can reject with it.

export class Opening<T> {
  readonly #promise: Promise<T>;
  #settle: { resolve(value: T): void; reject(error: Error): void } = {
    resolve: () => undefined,
    reject: () => undefined,
  };
  #watched: 'nobody' | 'somebody' = 'nobody';
  #error: Error | undefined;

  constructor() {
    this.#promise = new Promise<T>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#promise.catch(() => undefined);
  }

  get ready(): Promise<T> {
    this.#watched = 'somebody';
    return this.#promise;
  }

  /** The error, where there is one and nobody asked for the outcome; the owner hands it to run(). */
  get unobserved(): Error | undefined {
    return this.#watched === 'nobody' ? this.#error : undefined;
  }

  succeed(value: T): void {
    this.#settle.resolve(value);
  }

  fail(error: Error): void {
    this.#error = error;
    this.#settle.reject(error);
  }
}
