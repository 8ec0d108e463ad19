import type { RoadNode } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { api } from "../api.ts";
import { count, exactTime } from "../format.ts";
import { Bars } from "../parts/bars.tsx";

const SHOWN = 20;
const OF_TABLES: ReadonlySet<string> = new Set(["source", "table", "scoring"]);

/** How many rows the table of a step had after each of its last writes. */
export function RowsTrend({ step: { kind, name } }: { readonly step: RoadNode }) {
  const isTable = OF_TABLES.has(kind);
  const { data } = useQuery({
    queryKey: ["tables", name, undefined],
    queryFn: () => api.showTable({ name }),
    enabled: isTable,
    retry: false,
  });
  const shown = data?.history.slice(-SHOWN) ?? [];
  if (!isTable || shown.length < 2) return null;
  return (
    <section aria-label="How many rows it had">
      <div className="row between">
        <h3>How many rows it had</h3>
        <span className="figures">{count(shown.at(-1)?.rowCount)}</span>
      </div>
      <Bars
        bars={shown.map(({ rowCount, committedAtMs }) => ({
          value: rowCount,
          title: `${count(rowCount)} rows, ${exactTime(committedAtMs)}`,
        }))}
      />
    </section>
  );
}
