// Code of a program's own, run so that its failure disturbs nobody.

export function isPromise(result: unknown): result is PromiseLike<unknown> {
  return typeof result === 'object' && result !== null && typeof (result as PromiseLike<unknown>).then === 'function';
}

/** Runs it, and tells `failed` what it throws, or what its promise rejects with. */
export function guarded(run: () => unknown, failed: (error: unknown) => void): void {
  try {
    const result = run();
    if (isPromise(result)) Promise.resolve(result).catch(failed);
  } catch (error) {
    failed(error);
  }
}

/** Its promise; what it throws at once is a rejection too. (As an async function, with one promise less.) */
export function promised<T>(run: () => Promise<T>): Promise<T> {
  try {
    return run();
  } catch (error) {
    return Promise.reject(error);
  }
}
