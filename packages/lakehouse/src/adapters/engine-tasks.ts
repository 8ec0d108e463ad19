import type { DuckDBConnection } from "@duckdb/node-api";

/** One thing that the engine was asked for. */
export interface EngineTask {
  /** Where it works from now on: what cancels it is told there. Throws when it was cancelled already. */
  worksOn(connection: Pick<DuckDBConnection, "interrupt">): void;
}

/** How often what was cancelled is told so: the engine forgets an interruption that comes between two statements. */
const AGAIN_MS = 50;

const running = new Map<number, { cancel(): void }>();

/** Runs a task that can be cancelled by its number while it is under way. */
export async function runTask<Result>(id: number, work: (task: EngineTask) => Promise<Result>): Promise<Result> {
  let connection: Pick<DuckDBConnection, "interrupt"> | undefined;
  let repeating: NodeJS.Timeout | undefined;
  running.set(id, {
    cancel: () => {
      connection?.interrupt();
      repeating ??= setInterval(() => connection?.interrupt(), AGAIN_MS);
    },
  });
  try {
    return await work({
      worksOn: (own) => {
        if (repeating !== undefined) throw new Error("INTERRUPT Error: Interrupted!");
        connection = own;
      },
    });
  } finally {
    clearInterval(repeating);
    running.delete(id);
  }
}

/** What is done already is left. */
export function cancelTask(id: number): void {
  running.get(id)?.cancel();
}
