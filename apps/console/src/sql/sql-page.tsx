import type { Table } from "@millwright/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useRef } from "react";
import { api } from "../api.ts";
import { count, duration } from "../format.ts";
import { later } from "../parts/later.tsx";
import { Page, Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { ResultTable } from "../parts/result-table.tsx";
import { Downloads } from "./downloads.tsx";
import { FirstQuestions } from "./first-questions.tsx";
import { largestOf } from "./largest-table.ts";
import { nameInSql } from "./name-in-sql.ts";

const SqlEditor = later(
  async () => (await import("./sql-editor.tsx")).SqlEditor,
  <div className="sql-editor" style={{ height: 148 }} />,
);

const ROWS_MAX = 1_000;

/** Asks the tables in SQL. What was asked stands in the address, so that it can be sent. */
export function SqlPage() {
  const { data: tables, error } = useQuery({ queryKey: ["table-list", "main"], queryFn: () => api.listTables() });
  if (error !== null)
    return (
      <Page title="SQL">
        <Problem error={error} />
      </Page>
    );
  return tables === undefined ? <Page title="SQL">{null}</Page> : <SqlBench tables={tables} />;
}

function SqlBench({ tables }: { readonly tables: readonly Table[] }) {
  const { sql: asked } = useSearch({ from: "/sql" });
  const navigate = useNavigate();
  const text = useRef(asked ?? firstQuestion(tables));
  const queryId = useRef("");
  const ask = useMutation({
    mutationFn: async (sql: string) => {
      const startedMs = performance.now();
      queryId.current = crypto.randomUUID();
      const result = await api.query({ body: { sql, maxRows: ROWS_MAX, queryId: queryId.current } });
      return { sql, result, tookMs: performance.now() - startedMs };
    },
  });
  const cancel = useMutation({ mutationFn: () => api.cancelQuery({ queryId: queryId.current }) });
  const run = () => {
    void navigate({ to: "/sql", search: { sql: text.current }, replace: asked === text.current });
    ask.mutate(text.current);
  };
  const { mutate } = ask;
  useEffect(() => {
    if (asked !== undefined && asked === text.current) mutate(asked);
  }, [asked, mutate]);
  const namespace = useMemo(() => completions(tables), [tables]);
  return (
    <Page
      title="SQL"
      lead={`${tables.length} tables and views by their names, in DuckDB's SQL; Ctrl Space completes, Ctrl Enter runs`}
      actions={
        <>
          {ask.isPending ? (
            <button type="button" className="button" onClick={() => cancel.mutate()} disabled={cancel.isPending}>
              Cancel
            </button>
          ) : null}
          <button type="button" className="button primary" onClick={run} disabled={ask.isPending}>
            {ask.isPending ? "Running…" : "Run"}
          </button>
        </>
      }
    >
      <SqlEditor start={text.current} tables={namespace} onChange={(written) => (text.current = written)} onRun={run} />
      {ask.error === null ? null : <Problem error={ask.error} />}
      {ask.isIdle ? <FirstQuestions tables={tables} /> : null}
      {ask.data === undefined ? null : (
        <Panel
          title="Result"
          aside={
            <>
              <span className="muted">
                {count(ask.data.result.rows.length)} rows{ask.data.result.truncated ? " of more" : ""} in{" "}
                {duration(ask.data.tookMs)}
              </span>
              {ask.data.result.scans === undefined ? null : <Downloads sql={ask.data.sql} />}
            </>
          }
        >
          <ResultTable label="Rows of the result" result={ask.data.result} />
        </Panel>
      )}
    </Page>
  );
}

/** Something that answers at once, whatever the project. */
function firstQuestion(tables: readonly Table[]): string {
  const largest = largestOf(tables);
  return largest === undefined ? "select 1 as one" : `select *\nfrom ${nameInSql(largest.name)}\nlimit 100`;
}

function completions(tables: readonly Table[]) {
  return Object.fromEntries(
    tables.map(({ name, columns }) => [
      name,
      columns.map((column) => ({ label: column.name, type: "property", detail: column.type })),
    ]),
  );
}
