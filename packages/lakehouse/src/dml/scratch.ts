import { quoteName } from "../domain/names.ts";
import type { LakehousePorts } from "../lakehouse.ts";

const SCHEMA = quoteName("mill scratch");

/** Lays a SELECT's rows aside in the engine while there is work on them: on its disk where its memory ends. */
export async function withScratch<Result>(
  { engine, ids }: Pick<LakehousePorts, "engine" | "ids">,
  select: string,
  work: (relation: string) => Promise<Result>,
): Promise<Result> {
  const relation = `${SCHEMA}.${quoteName(ids())}`;
  // It is taken away whatever has ended the statement.
  const always = engine.within({ signal: undefined });
  try {
    await engine.run(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}; CREATE TABLE ${relation} AS ${select}`);
    return await work(relation);
  } finally {
    await always.run(`DROP TABLE IF EXISTS ${relation}`).catch(() => undefined);
  }
}
