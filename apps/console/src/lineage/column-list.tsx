import { Link } from "@tanstack/react-router";
import { Panel } from "../parts/page.tsx";
import { idOf, type ColumnLineage } from "./column-lineage.ts";

/** The columns of what was asked for, each leading to its own lineage. */
export function ColumnList({ lineage }: { readonly lineage: ColumnLineage }) {
  const columns = lineage.asked.filter(({ column }) => column !== "*");
  if (columns.length === 0) return null;
  return (
    <Panel title="Its columns">
      <ul className="body names">
        {columns.map((one) => (
          <li key={idOf(one)}>
            <Link to="/lineage/$name" params={{ name: idOf(one) }}>
              {one.column} <span className="muted">{one.name.slice(one.name.indexOf(":") + 1)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
