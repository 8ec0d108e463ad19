import type { Column, RowComparison } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { api } from "../api.ts";
import { count } from "../format.ts";
import { Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { ResultTable } from "../parts/result-table.tsx";
import { ColumnChangeList } from "../tables/column-change-list.tsx";
import { columnChanges } from "../tables/column-changes.ts";

interface TableDifferenceProps {
  readonly branch: string;
  readonly table: string;
}

/** How one table differs from main's: its columns, and the rows that one of them has and the other has not. */
export function TableDifference({ branch, table }: TableDifferenceProps) {
  const rows = useQuery({
    queryKey: ["branches", branch, "rows", table],
    queryFn: () => api.compareBranchRows({ branch, name: table }),
  });
  const own = useQuery({
    queryKey: ["tables", table, branch],
    queryFn: () => api.showTable({ name: table, branch }),
  });
  const main = useQuery({ queryKey: ["tables", table], queryFn: () => api.showTable({ name: table }) });
  return (
    <Panel title={`${table}, beside main's`}>
      {rows.error === null ? null : <Problem error={rows.error} />}
      {own.data === undefined || main.data === undefined ? null : (
        <ColumnDifference own={own.data.table.columns} main={main.data.table.columns} />
      )}
      {rows.data === undefined ? (
        <p className="body muted" role="status">
          {rows.isPending ? "Comparing every row…" : ""}
        </p>
      ) : (
        <RowDifference compared={rows.data} />
      )}
    </Panel>
  );
}

function RowDifference({ compared: { columns, onlyOnBranch, onlyOnMain } }: { readonly compared: RowComparison }) {
  const sides = [
    { title: "only here", side: onlyOnBranch },
    { title: "only on main", side: onlyOnMain },
  ];
  return (
    <div className="columns flush">
      {sides.map(({ title, side }) => (
        <section key={title} aria-label={`Rows ${title}`} className="side">
          <h3 className="body">
            {count(side.total)} {side.total === 1 ? "row" : "rows"} {title}
            {side.rows.length < side.total ? <span className="muted">, {side.rows.length} of them shown</span> : null}
          </h3>
          {side.total === 0 ? null : (
            <ResultTable
              label={`Rows ${title}, shown`}
              result={{ columns, rows: side.rows, truncated: side.rows.length < side.total }}
            />
          )}
        </section>
      ))}
    </div>
  );
}

function ColumnDifference({ own, main }: { readonly own: readonly Column[]; readonly main: readonly Column[] }) {
  const changes = columnChanges(main, own);
  if (changes.length === 0)
    return <p className="body muted">The columns are main's. Rows are compared by all of them.</p>;
  return (
    <div className="body">
      <ColumnChangeList changes={changes} />
      <p className="muted">Rows are compared by the columns that both have.</p>
    </div>
  );
}
