const turns = new Map<string, Promise<void>>();

/** Does one work after the other: of those of one key each begins when the one before has ended, well or not. */
export async function inTurn<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
  const done = (turns.get(key) ?? Promise.resolve()).then(work);
  const ended = done.then(
    () => undefined,
    () => undefined,
  );
  turns.set(key, ended);
  await ended;
  if (turns.get(key) === ended) turns.delete(key);
  return done;
}
