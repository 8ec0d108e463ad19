import { parse, type ColumnOf, type NameOf, type TableReference, type Tables, Type } from "@millwright/kernel";

type Comparison = ">" | ">=" | "<" | "<=" | "=" | "!=";

/** How many failing rows, `">10"`, or what share of the rows that a check looks at, `">0.5%"`. */
export type Threshold = `${Comparison}${number}${"" | "%"}`;

interface Common {
  /** `error` (default) stops what depends on the table, `warning` does not. */
  readonly severity?: "error" | "warning";
  /** Looks only at the rows of this condition. */
  readonly where?: string;
}

/** A check that a row passes or fails. */
interface OfRows extends Common {
  /** The least share of the rows it looks at that must pass; 1 unless told. A row without a value is looked at by `not_null`, `unique` and `holds` alone. */
  readonly mostly?: number;
  /** When it warns, in place of its severity; alone, it never is an error. */
  readonly warnIf?: Threshold;
  /** When it is an error, in place of its severity; below that, what fails is a warning. */
  readonly errorIf?: Threshold;
}

export type RowCheck<Column extends string = string> = OfRows &
  (
    | { readonly check: "not_null"; readonly column: Column }
    | { readonly check: "unique"; readonly columns: readonly Column[] }
    | {
        readonly check: "between";
        readonly column: Column;
        readonly min?: number | string;
        readonly max?: number | string;
      }
    | { readonly check: "in_set"; readonly column: Column; readonly values: readonly (string | number)[] }
    | { readonly check: "matches"; readonly column: Column; readonly pattern: string }
    | { readonly check: "holds"; readonly name: string; readonly condition: string }
  );

/** A check of one number of all rows; where there are none to make it of, it does not hold. */
export type MeasureCheck<Column extends string = string> = Common & {
  readonly min?: number;
  readonly max?: number;
} & (
    | { readonly check: "row_count" }
    | { readonly check: "mean" | "sum" | "standard_deviation" | "distinct_count"; readonly column: Column }
    | { readonly check: "quantile"; readonly column: Column; readonly quantile: number }
  );

export type Check<Column extends string = string> = RowCheck<Column> | MeasureCheck<Column>;

export interface ChecksDefinition {
  readonly kind: "checks";
  readonly name: string;
  readonly table: TableReference;
  readonly checks: readonly Check[];
  /** Keep the rows that fail in the table `NAME_failures`, in the place of those of the last run. */
  readonly keepFailures?: boolean;
}

const name = Type.String({ minLength: 1 });
const threshold = Type.Optional(Type.String({ pattern: "^(>=?|<=?|!?=)\\s*[0-9]+(\\.[0-9]+)?%?$" }));
const common = {
  severity: Type.Optional(Type.Union([Type.Literal("error"), Type.Literal("warning")])),
  where: Type.Optional(name),
};
const ofRows = {
  ...common,
  mostly: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  warnIf: threshold,
  errorIf: threshold,
};
const bound = Type.Optional(Type.Union([Type.Number(), Type.String()]));
const bounds = { ...common, min: Type.Optional(Type.Number()), max: Type.Optional(Type.Number()) };

const SCHEMAS: Readonly<Record<Check["check"], ReturnType<typeof Type.Object>>> = {
  not_null: exact({ ...ofRows, column: name }),
  unique: exact({ ...ofRows, columns: Type.Array(name, { minItems: 1 }) }),
  between: exact({ ...ofRows, column: name, min: bound, max: bound }),
  in_set: exact({
    ...ofRows,
    column: name,
    values: Type.Array(Type.Union([Type.String(), Type.Number()]), { minItems: 1 }),
  }),
  matches: exact({ ...ofRows, column: name, pattern: Type.String() }),
  holds: exact({ ...ofRows, name, condition: name }),
  row_count: exact(bounds),
  mean: exact({ ...bounds, column: name }),
  sum: exact({ ...bounds, column: name }),
  standard_deviation: exact({ ...bounds, column: name }),
  distinct_count: exact({ ...bounds, column: name }),
  quantile: exact({ ...bounds, column: name, quantile: Type.Number({ minimum: 0, maximum: 1 }) }),
};

function exact(properties: Parameters<typeof Type.Object>[0]) {
  return Type.Object({ check: Type.String(), ...properties }, { additionalProperties: false });
}

const OPTIONS = Type.Object(
  {
    name,
    table: Type.Object({ kind: Type.Literal("table"), name }),
    checks: Type.Array(Type.Object({ check: Type.Union(Object.keys(SCHEMAS).map((kind) => Type.Literal(kind))) })),
    keepFailures: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

/**
 * Declares what must hold of a table. Throws `kernel/invalid`.
 *
 * @example
 * ```ts
 * export const departuresHold = defineChecks({ name: "departures_hold", table: table("departures"), checks: [{ check: "not_null", column: "origin" }] });
 * ```
 */
export function defineChecks<const Name extends NameOf<Tables>>(options: {
  readonly name: string;
  readonly table: TableReference<Name>;
  readonly checks: readonly Check<ColumnOf<Name>>[];
  /** Keep the rows that fail in the table `NAME_failures`, in the place of those of the last run. */
  readonly keepFailures?: boolean;
}): ChecksDefinition {
  parse(OPTIONS, options, { what: "defineChecks" });
  for (const [index, check] of options.checks.entries())
    parse(SCHEMAS[check.check], check, { what: `defineChecks: ${options.name}: check ${index + 1}, ${check.check}` });
  return { kind: "checks", ...options };
}
