/** How long what is at work may take to its end after a signal: the promise to a person, and less than what containers allow. */
const GRACE_MS = { SIGINT: 1_800, SIGTERM: 8_000 } as const;

/** The exit code of what a signal ended. */
export const INTERRUPTED = 130;

/** Runs what a signal ends in good order. Whatever fails because of it is no failure: the answer is 130. */
export async function interruptible(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      controller.abort(name);
      setTimeout(() => process.exit(INTERRUPTED), GRACE_MS[name]).unref();
    });
  }
  try {
    return await work(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) return INTERRUPTED;
    throw error;
  }
}
