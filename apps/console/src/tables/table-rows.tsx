import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api.ts";
import { count } from "../format.ts";
import { Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { ResultTable } from "../parts/result-table.tsx";

const PAGE_ROWS = 50;

interface TableRowsProps {
  readonly name: string;
  readonly total: number | null;
  /** The snapshot whose rows are shown; the newest when absent. */
  readonly at?: string | undefined;
}

/** A table's rows, a page at a time. */
export function TableRows({ name, total, at }: TableRowsProps) {
  const [offset, setOffset] = useState(0);
  const { data, error, isFetching } = useQuery({
    queryKey: ["rows", name, at, offset],
    queryFn: () => api.readRows({ name, limit: PAGE_ROWS, offset, ...(at === undefined ? {} : { at }) }),
    placeholderData: keepPreviousData,
  });
  const last = offset + (data?.rows.length ?? 0);
  return (
    <Panel
      title={at === undefined ? "Rows" : `Rows at snapshot ${at}`}
      aside={
        <div className="row">
          <span className="muted">
            {isFetching
              ? "reading…"
              : `${count(last === 0 ? 0 : offset + 1)} – ${count(last)}${total === null ? "" : ` of ${count(total)}`}`}
          </span>
          <button
            type="button"
            className="button"
            disabled={offset === 0}
            onClick={() => setOffset(offset - PAGE_ROWS)}
          >
            Previous
          </button>
          <button
            type="button"
            className="button"
            disabled={data?.truncated !== true}
            onClick={() => setOffset(offset + PAGE_ROWS)}
          >
            Next
          </button>
        </div>
      }
    >
      {error === null ? null : <Problem error={error} />}
      {data === undefined ? null : <ResultTable label={`Rows of ${name}`} result={data} />}
    </Panel>
  );
}
