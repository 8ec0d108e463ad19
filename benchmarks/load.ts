import { join } from "node:path";
import { commitWrite } from "@millwright/lakehouse";
import type { BenchResult } from "./bench-result.ts";
import { median, openBenchLake, timed } from "./support/lake.ts";
import { root } from "./support/processes.ts";

const FLIGHTS = join(root, "node_modules", "vega-datasets", "data");
const ROUNDS = 5;

/** Three million flights become a table, as they come and sorted, durable with its snapshot; beside the engine's bare COPY. */
export async function run(): Promise<readonly BenchResult[]> {
  const lake = await openBenchLake();
  try {
    const engine = lake.engineOf({ folders: [lake.folder, FLIGHTS] });
    const ports = { ...lake.ports, engine };
    const select = `select * from read_parquet('${join(FLIGHTS, "flights-3m.parquet")}')`;
    const results: BenchResult[] = [];
    for (const sortBy of [[], ["origin", "date"]]) {
      const took: { readonly own: number[]; readonly copy: number[] } = { own: [], copy: [] };
      const order = sortBy.length === 0 ? "" : ` order by ${sortBy.join(", ")}`;
      for (let round = 0; round < ROUNDS; round += 1) {
        const place = join(lake.folder, `copied-${sortBy.length}-${round}.parquet`);
        took.copy.push(
          await timed(() => engine.run(`copy (${select}${order}) to '${place}' (format parquet, compression zstd)`)),
        );
        const table = `flights_${sortBy.length}`;
        took.own.push(await timed(() => commitWrite(ports, { table, select, sortBy, mode: "replace" })));
      }
      results.push({
        name: `three million flights into a table${order}`,
        value: median(took.own),
        unit: "ms",
        peer: { name: "DuckDB's COPY", value: median(took.copy) },
      });
    }
    return results;
  } finally {
    await lake.close();
  }
}
