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
