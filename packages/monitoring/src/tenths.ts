import { quoteName, type Lakehouse } from "@millwright/lakehouse";

/** By feature the nine values that part its rows into tenths, as text; none for a feature that no row has. */
export type Tenths = ReadonlyMap<string, readonly string[]>;

export interface Asked {
  readonly table: string;
  readonly where: string;
  readonly features: readonly string[];
  /** A column that numbers the table's rows by their content, where it has one. */
  readonly place?: string;
}

/** Of so many rows a tenth's share is right to a thousandth. */
const SAMPLE_ROWS = 262_144;
/** How far from its expected size a sample may be. */
const SIZE_OFF_MAX = 0.05;
/** So many features' values lie in memory at one time: a quantile keeps them all. */
const FEATURES_AT_ONCE = 8;

/**
 * Where the tenths of each feature lie: exactly, or in a large table by about a quarter of a million of its rows. A row is
 * in the sample by its place or its content, so that equal tables give equal samples. Rows that repeat each other many times over make
 * a sample too large or too small; then all rows are asked.
 */
export async function tenthsOf(lakehouse: Lakehouse, asked: Asked): Promise<Tenths> {
  const from = `${lakehouse.relation(asked.table)} WHERE ${asked.where}`;
  const { rows } = await lakehouse.query(`SELECT count(*) FROM ${from}`);
  const total = Number(rows[0]?.[0] ?? 0);
  const oneIn = Math.floor(total / SAMPLE_ROWS);
  if (oneIn > 1) {
    const columns = ((await lakehouse.table(asked.table))?.columns ?? []).map(({ name }) => name);
    const content = `hash(${columns.map(quoteName).join(", ")})`;
    const isNumbered = asked.place !== undefined && columns.includes(asked.place);
    const sample = `${from} AND ${isNumbered ? quoteName(asked.place ?? "") : content} % ${oneIn} = 0`;
    const found = await quantiles(lakehouse, { from: sample, features: asked.features });
    if (Math.abs((found.rows * oneIn) / total - 1) < SIZE_OFF_MAX) return found.tenths;
  }
  const tenths = new Map<string, readonly string[]>();
  for (let first = 0; first < asked.features.length; first += FEATURES_AT_ONCE) {
    const features = asked.features.slice(first, first + FEATURES_AT_ONCE);
    for (const [name, cuts] of (await quantiles(lakehouse, { from, features })).tenths) tenths.set(name, cuts);
  }
  return tenths;
}

async function quantiles(
  lakehouse: Lakehouse,
  { from, features }: { readonly from: string; readonly features: readonly string[] },
): Promise<{ readonly rows: number; readonly tenths: Tenths }> {
  const cuts = features.map((name) => `quantile_disc(${quoteName(name)}, [${SHARES.join(", ")}])`);
  const { rows } = await lakehouse.query(`SELECT ${["count(*)", ...cuts].join(", ")} FROM ${from}`);
  const [count, ...found] = rows[0] ?? [];
  const named = features.map((name, index): [string, readonly string[]] => {
    const values = found[index];
    return [name, Array.isArray(values) ? values.map(String) : []];
  });
  return { rows: Number(count ?? 0), tenths: new Map(named) };
}

const SHARES = Array.from({ length: 9 }, (_, index) => (index + 1) / 10);
