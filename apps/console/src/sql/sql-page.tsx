import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api.ts";
import { count, duration } from "../format.ts";
import { Page, Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { ResultTable } from "../parts/result-table.tsx";

const ROWS_MAX = 1_000;

/** Asks the tables in SQL. */
export function SqlPage() {
  const [sql, setSql] = useState("select *\nfrom predictions\nlimit 20");
  const ask = useMutation({
    mutationFn: async () => {
      const startedMs = performance.now();
      const result = await api.query({ body: { sql, maxRows: ROWS_MAX } });
      return { result, tookMs: performance.now() - startedMs };
    },
  });
  return (
    <Page
      title="SQL"
      lead="Tables and views by their names, in DuckDB's SQL"
      actions={
        <button type="button" className="button primary" onClick={() => ask.mutate()} disabled={ask.isPending}>
          {ask.isPending ? "Running…" : "Run"}
        </button>
      }
    >
      <textarea
        className="field mono"
        aria-label="SQL"
        spellCheck={false}
        style={{ height: 140, padding: 10, resize: "vertical" }}
        value={sql}
        onChange={(event) => setSql(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask.mutate();
        }}
      />
      {ask.error === null ? null : <Problem error={ask.error} />}
      {ask.data === undefined ? null : (
        <Panel
          title="Result"
          aside={
            <span className="muted">
              {count(ask.data.result.rows.length)} rows{ask.data.result.truncated ? " of more" : ""} in{" "}
              {duration(ask.data.tookMs)}
            </span>
          }
        >
          <ResultTable label="Result" result={ask.data.result} />
        </Panel>
      )}
    </Page>
  );
}
