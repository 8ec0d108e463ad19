import type { BranchChange } from "@millwright/client";
import { useQueries } from "@tanstack/react-query";
import { api } from "../api.ts";
import { count } from "../format.ts";
import { columnChanges, type ColumnChange } from "../tables/column-changes.ts";
import { ColumnChangeList } from "../tables/column-change-list.tsx";

interface ChangePreviewProps {
  readonly branch: string;
  readonly changes: readonly BranchChange[];
}

/** What publishing makes of main's tables: their rows before and after, and what becomes of their columns. */
export function ChangePreview({ branch, changes }: ChangePreviewProps) {
  const columns = useColumnChanges({ branch, changes });
  const rows = (value: number | null) => (value === null ? "–" : `${count(value)} rows`);
  return (
    <div className="scroll preview" tabIndex={0} role="region" aria-label="What would be changed">
      <table className="data">
        <tbody>
          {changes.map(({ name, kind, rowsBefore, rowsAfter }, index) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className="wrap">
                {kind}
                <ColumnChangeList changes={columns[index] ?? []} />
              </td>
              <td className="number">
                {rows(rowsBefore)} → {rows(rowsAfter)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Of each table that both have, how its columns differ. */
function useColumnChanges({ branch, changes }: ChangePreviewProps): readonly (readonly ColumnChange[])[] {
  const shown = useQueries({
    queries: changes.flatMap(({ name, kind }) =>
      [undefined, branch].map((of) => ({
        queryKey: ["tables", name, of],
        queryFn: () => api.showTable({ name, ...(of === undefined ? {} : { branch: of }) }),
        enabled: kind === "changed",
        retry: false,
      })),
    ),
  });
  return changes.map((_, index) => {
    const [main, own] = [shown[2 * index]?.data, shown[2 * index + 1]?.data];
    return main === undefined || own === undefined ? [] : columnChanges(main.table.columns, own.table.columns);
  });
}
