import { fieldsOf, type IcebergSchema } from "./schema.ts";

/** How much of a column manifests tell: nothing, counts, bounds cut to a length, or whole bounds. */
export type MetricsMode =
  | { readonly kind: "none" | "counts" | "full" }
  | { readonly kind: "truncate"; readonly length: number };

const DEFAULT: MetricsMode = { kind: "truncate", length: 16 };
const PREFIX = "write.metadata.metrics.";
const INFERRED_COLUMNS_MAX = 100;

/**
 * The modes of a schema's columns by field id, by Iceberg's table properties: `write.metadata.metrics.default`, `.column.NAME`
 * and `.max-inferred-column-defaults`. What is no mode counts as the default. Columns that order the table have bounds.
 */
export function metricsModes(
  schema: IcebergSchema,
  {
    properties,
    ordered = [],
  }: { readonly properties: Readonly<Record<string, string>>; readonly ordered?: readonly number[] },
): ReadonlyMap<number, MetricsMode> {
  const asked = readMode(properties[`${PREFIX}default`]);
  const inferred = Number(properties[`${PREFIX}max-inferred-column-defaults`] ?? INFERRED_COLUMNS_MAX);
  const first = new Set(
    schema.fields.slice(0, inferred).flatMap((field) => [field.id, ...fieldsOf(field.type).map(({ id }) => id)]),
  );
  return new Map(
    fieldsOf(schema).map(({ id, name }) => {
      const otherwise = asked ?? (first.has(id) ? DEFAULT : ({ kind: "none" } as const));
      const hasBounds = otherwise.kind === "truncate" || otherwise.kind === "full";
      const own = readMode(properties[`${PREFIX}column.${name}`]);
      return [id, own ?? (ordered.includes(id) && !hasBounds ? DEFAULT : otherwise)];
    }),
  );
}

function readMode(text: string | undefined): MetricsMode | undefined {
  const mode = text?.trim().toLowerCase();
  if (mode === "none" || mode === "counts" || mode === "full") return { kind: mode };
  const length = Number(/^truncate\((\d{1,9})\)$/.exec(mode ?? "")?.[1] ?? 0);
  return length > 0 ? { kind: "truncate", length } : undefined;
}
