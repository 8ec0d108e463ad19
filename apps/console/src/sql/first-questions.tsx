import type { Table } from "@millwright/client";
import { Snippet } from "../parts/snippet.tsx";
import { Panel } from "../parts/page.tsx";
import { nameInSql } from "./name-in-sql.ts";
import { largestOf } from "./largest-table.ts";

/** What can be asked beside a table's rows as they are, in this project's own names. */
export function FirstQuestions({ tables }: { readonly tables: readonly Table[] }) {
  const table = largestOf(tables);
  if (table === undefined) return null;
  const name = nameInSql(table.name);
  const text = table.columns.find(({ type }) => type === "string")?.name;
  const questions = [
    ...(text === undefined
      ? []
      : [
          {
            what: "Rows by a column",
            sql: `select ${nameInSql(text)}, count(*) as n from ${name} group by all order by n desc`,
          },
        ]),
    { what: "What each column holds", sql: `summarize ${name}` },
    ...(table.snapshotId === null
      ? []
      : [
          {
            what: "The rows as they were at a snapshot, a tag or a time",
            sql: `select count(*) from ${name} for version as of ${table.snapshotId}`,
          },
        ]),
    {
      what: "How the table became what it is; also .files, .partitions, .refs",
      sql: `select * from ${name}.snapshots`,
    },
  ];
  return (
    <Panel title="What can be asked">
      <dl className="body questions">
        {questions.map(({ what, sql }) => (
          <div key={what}>
            <dt className="muted">{what}</dt>
            <dd>
              <Snippet text={sql} />
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
