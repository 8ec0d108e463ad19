import { sql, type Kysely } from "kysely";
import { platformErrors } from "../errors.ts";

/** Runs one caller's writes, perhaps twice. Everything goes through the given transaction; resolves once it is on disk. */
export type GroupedWriter<Schema> = <Result>(work: (transaction: Kysely<Schema>) => Promise<Result>) => Promise<Result>;

export interface CommitGroup {
  writer<Schema>(): GroupedWriter<Schema>;
  /** Resolves when nothing waits any more. */
  settled(): Promise<void>;
}

interface Waiting {
  readonly work: (transaction: Kysely<unknown>) => Promise<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly result: unknown } | { readonly error: unknown };

/**
 * Lets many writers share commits, and so their fsyncs: what comes while one commit is on its way goes into the next.
 * Writes happen in the order in which they were asked for, and none is acknowledged before the commit that holds it.
 * Where one fails, all of them are undone and done again, each on a savepoint of its own: the failure is told to its own
 * caller alone, and a write may run twice. Throws `platform/busy` when more than `waitingMax` wait.
 */
export function groupCommits(
  kysely: Kysely<unknown>,
  { writesMax = 500, waitingMax = 10_000 }: { readonly writesMax?: number; readonly waitingMax?: number } = {},
): CommitGroup {
  const waiting: Waiting[] = [];
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    // A turn of the loop, in which callers of one moment come together.
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) await commitTogether(kysely, waiting.splice(0, writesMax));
    running = undefined;
  };
  const write = (work: Waiting["work"]): Promise<unknown> => {
    if (waiting.length >= waitingMax)
      throw platformErrors.create("platform/busy", {
        because: `${waiting.length} writes wait for the metadata database`,
      });
    return new Promise((resolve, reject) => {
      waiting.push({ work, resolve, reject });
      running ??= run();
    });
  };
  return {
    writer: <Schema>() => (async (work) => write(work as unknown as Waiting["work"])) as GroupedWriter<Schema>,
    settled: async () => {
      await running;
    },
  };
}

async function commitTogether(kysely: Kysely<unknown>, batch: readonly Waiting[]): Promise<void> {
  let isWorkAtFault = false;
  const all = (each: (transaction: Kysely<unknown>, work: Waiting["work"]) => Promise<Outcome>) =>
    kysely.transaction().execute(async (transaction) => {
      const outcomes: Outcome[] = [];
      for (const { work } of batch) outcomes.push(await each(transaction, work));
      return outcomes;
    });
  try {
    const outcomes = await all(async (transaction, work) => {
      try {
        return { result: await work(transaction) };
      } catch (error) {
        isWorkAtFault = true;
        throw error;
      }
    });
    settle(batch, outcomes);
  } catch (error) {
    // A commit whose outcome is not known is never tried again.
    if (!isWorkAtFault || batch.length === 1) return rejectAll(batch, error);
    await all(onSavepoint).then(
      (outcomes) => settle(batch, outcomes),
      (again: unknown) => rejectAll(batch, again),
    );
  }
}

function settle(batch: readonly Waiting[], outcomes: readonly Outcome[]): void {
  for (const [index, { resolve, reject }] of batch.entries()) {
    const outcome = outcomes[index];
    if (outcome !== undefined && "result" in outcome) resolve(outcome.result);
    else reject(outcome?.error);
  }
}

function rejectAll(batch: readonly Waiting[], error: unknown): void {
  for (const { reject } of batch) reject(error);
}

async function onSavepoint(transaction: Kysely<unknown>, work: Waiting["work"]): Promise<Outcome> {
  await sql`savepoint one_write`.execute(transaction);
  try {
    const result = await work(transaction);
    await sql`release savepoint one_write`.execute(transaction);
    return { result };
  } catch (error) {
    await undo(transaction, error);
    return { error };
  }
}

/** Undoes one write. Where that fails, the transaction is gone (a full disk, a lost connection), for the write's own reason. */
async function undo(transaction: Kysely<unknown>, reason: unknown): Promise<void> {
  try {
    await sql`rollback to savepoint one_write`.execute(transaction);
    await sql`release savepoint one_write`.execute(transaction);
  } catch {
    throw reason;
  }
}
