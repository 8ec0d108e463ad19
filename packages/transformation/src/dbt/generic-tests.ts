/** SELECTs whose rows are the failures of dbt's own generic tests. Names come quoted, values are escaped here. */
interface TestInputs {
  readonly relation: string;
  readonly column: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly ref: (expression: string) => string;
}

export type GenericTest = (inputs: TestInputs) => string;

export const GENERIC_TESTS: ReadonlyMap<string, GenericTest> = new Map<string, GenericTest>([
  ["not_null", ({ relation, column }) => `SELECT * FROM ${relation} WHERE ${column} IS NULL`],
  [
    "unique",
    ({ relation, column }) =>
      `SELECT ${column} AS unique_field, count(*) AS n_records FROM ${relation} WHERE ${column} IS NOT NULL GROUP BY ${column} HAVING count(*) > 1`,
  ],
  [
    "accepted_values",
    ({ relation, column, options }) => {
      const quote = options["quote"] !== false;
      const values = list(options["values"]).map((value) => (quote ? literal(value) : plain(value)));
      return `SELECT ${column} AS value_field, count(*) AS n_records FROM ${relation} WHERE ${column} NOT IN (${values.join(", ")}) GROUP BY ${column}`;
    },
  ],
  [
    "relationships",
    ({ relation, column, options, ref }) => {
      const parent = ref(plain(options["to"]));
      const field = `"${plain(options["field"]).replaceAll('"', '""')}"`;
      return `SELECT child.${column} AS from_field FROM ${relation} AS child LEFT JOIN ${parent} AS parent ON child.${column} = parent.${field} WHERE child.${column} IS NOT NULL AND parent.${field} IS NULL`;
    },
  ],
]);

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}

function literal(value: unknown): string {
  return `'${plain(value).replaceAll("'", "''")}'`;
}
