import { indirect, type ColumnLineage, type Dependence } from "@millwright/governance";
import type { SourceDefinition } from "@millwright/ingestion";

/** A source's columns are its file's; where bad rows are put aside, any column may decide whether a row is there. */
export function sourceColumns({ path, columns, badRows }: SourceDefinition): ColumnLineage {
  const own = (column: string): Dependence => ({ dataset: `file:${path}`, column, type: "DIRECT", kind: "IDENTITY" });
  const all = columns.map(({ name }) => own(name));
  return {
    columns: columns.map(({ name }) => ({ name, from: [own(name)] })),
    rows: badRows === "quarantine" ? indirect(all, "FILTER") : [],
  };
}
