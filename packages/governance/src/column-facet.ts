import type { Facets } from "@millwright/kernel";
import { ROWS, type Dependence } from "./sql/dependence.ts";

/** What each column of one dataset depends on. */
export interface ColumnLineage {
  readonly columns: readonly { readonly name: string; readonly from: readonly Dependence[] }[];
  /** What all columns depend on, since it decides which rows there are. */
  readonly rows: readonly Dependence[];
  /** Why it could not be followed: then every column is said to depend on all columns of what was read. */
  readonly because?: string;
}

const NAMESPACE = "millwright";
const PRODUCER = "urn:millwright";
const SCHEMA = "https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json";
const FACET = "columnLineage";
const UNREAD = "millwright_columnLineage";

interface InputField {
  readonly namespace: string;
  readonly name: string;
  readonly field: string;
  readonly transformations: readonly {
    readonly type: Dependence["type"];
    readonly subtype: Dependence["kind"];
    readonly description: string;
    readonly masking: false;
  }[];
}

/** As OpenLineage's columnLineage facet (1-2-0) has it. The rows of a dataset are its field `*`. */
export function columnFacets({ columns, rows, because }: ColumnLineage): Facets {
  const fields = Object.fromEntries(
    columns.map(({ name, from }) => [name, { inputFields: inputFields(from, because) }]),
  );
  return {
    [FACET]: { _producer: PRODUCER, _schemaURL: SCHEMA, fields, dataset: inputFields(rows, because) },
    ...(because === undefined ? {} : { [UNREAD]: { _producer: PRODUCER, _schemaURL: PRODUCER, because } }),
  };
}

function inputFields(from: readonly Dependence[], because: string | undefined): readonly InputField[] {
  const byField = Map.groupBy(from, ({ dataset, column }) => `${dataset}\u0000${column}`);
  return [...byField.values()].map((same) => ({
    namespace: NAMESPACE,
    name: same[0]?.dataset ?? "",
    field: same[0]?.column ?? "",
    transformations: same.map(({ type, kind }) => ({
      type,
      subtype: kind,
      description: because === undefined ? "" : `not followed: ${because}`,
      masking: false,
    })),
  }));
}

/** The facets' columns again; undefined where a step told none. */
export function readColumnFacets(facets: Facets | undefined): ColumnLineage | undefined {
  const facet = facets?.[FACET] as
    | {
        readonly fields: Readonly<Record<string, { readonly inputFields: readonly InputField[] }>>;
        readonly dataset?: readonly InputField[];
      }
    | undefined;
  if (facet === undefined) return undefined;
  const unread = facets?.[UNREAD] as { readonly because: string } | undefined;
  return {
    columns: Object.entries(facet.fields).map(([name, { inputFields: from }]) => ({ name, from: dependences(from) })),
    rows: dependences(facet.dataset ?? []),
    ...(unread === undefined ? {} : { because: unread.because }),
  };
}

function dependences(fields: readonly InputField[]): readonly Dependence[] {
  return fields.flatMap(({ name, field, transformations }) =>
    transformations.map(({ type, subtype }) => ({ dataset: name, column: field, type, kind: subtype })),
  );
}

/** The columns of what could not be followed: each depends on every column of every input, and on its rows. */
export function allColumns(
  columns: readonly string[],
  { inputs, because }: { readonly inputs: ReadonlyMap<string, readonly string[]>; readonly because: string },
): ColumnLineage {
  const from = [...inputs].flatMap(([dataset, names]) =>
    [...names, ROWS].map((column): Dependence => ({ dataset, column, type: "DIRECT", kind: "TRANSFORMATION" })),
  );
  return { columns: columns.map((name) => ({ name, from })), rows: from, because };
}
