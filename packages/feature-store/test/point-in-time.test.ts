import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import {
  addMinutes,
  clip,
  column,
  defineEntity,
  defineFeatureView,
  historicalSelect,
  isoDayOfWeek,
  least,
  minuteOfDay,
  minutesBetween,
  over,
  shift,
  type Expression,
} from "../src/index.ts";
import { compileExpression, expressionSql } from "../src/domain/expression.ts";
import { table } from "@millwright/kernel";

let connection: DuckDBConnection;

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(":memory:")).connect();
});

afterAll(() => connection.closeSync());

const TTL_MINUTES = 60;
const view = defineFeatureView({
  name: "v",
  entities: [defineEntity({ name: "e", key: "k" })],
  from: table("v"),
  timestamp: "asked_at",
  ttl: `${TTL_MINUTES}m`,
  features: ["f"],
});

interface Row {
  readonly k: string | null;
  /** The key of a second role. */
  readonly l: string | null;
  readonly at: number;
}

const keys = fc.constantFrom("a", "b", null);
const rows = fc.array(fc.record({ k: keys, l: keys, at: fc.integer({ min: 0, max: 300 }) }), { maxLength: 12 });

async function load(name: string, values: readonly Row[]): Promise<void> {
  await connection.run(
    `CREATE OR REPLACE TABLE ${name} (id INTEGER, k VARCHAR, l VARCHAR, asked_at TIMESTAMP, f DOUBLE)`,
  );
  for (const [id, { k, l, at }] of values.entries()) {
    await connection.run(
      `INSERT INTO ${name} VALUES (${id}, $1, $2, TIMESTAMP '2001-01-01' + INTERVAL ${at} MINUTE, ${id})`,
      [k, l],
    );
  }
}

/** What the join must answer, by looking at every row. */
function naive(asked: { readonly key: string | null; readonly at: number }, known: readonly Row[]): readonly number[] {
  const visible = known
    .map((row, id) => ({ ...row, id }))
    .filter(({ k, at }) => k !== null && k === asked.key && at <= asked.at && at >= asked.at - TTL_MINUTES);
  const newest = Math.max(...visible.map(({ at }) => at));
  return visible.filter(({ at }) => at === newest).map(({ id }) => id);
}

describe("a point-in-time join", () => {
  test("takes, in each role, its key's newest row that is neither later than the question nor older than the ttl", async () => {
    await fc.assert(
      fc.asyncProperty(rows, rows, fc.boolean(), async (known, asked, isFew) => {
        await load("v", known);
        await load("p", asked);
        const columns = [
          { name: "id", type: "int" },
          { name: "k", type: "string" },
          { name: "l", type: "string" },
          { name: "asked_at", type: "timestamp" },
          { name: "f", type: "double" },
        ];
        const select = historicalSelect({
          population: "main.p",
          timestamp: "asked_at",
          keep: ["id"],
          selections: [view.all({ prefix: "k_" }), view.all({ on: { k: "l" }, prefix: "l_" })],
          columnsOf: () => columns,
          populationColumns: columns,
          fewRowsAKey: new Set(isFew ? ["v"] : []),
        });
        const answers = await (await connection.run(`SELECT id, k_f, l_f FROM (${select}) ORDER BY id`)).getRows();
        expect(answers).toHaveLength(asked.length);
        for (const [id, ...found] of answers) {
          const { k, l, at } = asked[Number(id)] ?? { k: null, l: null, at: 0 };
          for (const [role, key] of [k, l].entries()) {
            const allowed = naive({ key, at }, known);
            if (allowed.length === 0) expect(found[role]).toBeNull();
            else expect(allowed).toContain(Number(found[role]));
          }
        }
      }),
      { numRuns: inject("full") ? 1_000 : 60 },
    );
  });
});

const expressions: readonly Expression[] = [
  clip(minutesBetween(column("a"), column("b")), { min: -100, max: 240 }),
  minuteOfDay(addMinutes(column("a"), over(column("b"), column("c")))),
  isoDayOfWeek(shift(column("a"), "-3d")),
  least(column("a"), column("b"), column("c")),
  over(column("a"), column("c")),
];

describe("an expression", () => {
  test("gives the same float32 in SQL and in JavaScript, missing values included", async () => {
    const value = fc.oneof(
      fc.constant(null),
      fc.integer({ min: -1_000_000_000, max: 1_000_000_000_000_000 }),
      fc.constant(0),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...expressions), value, value, value, async (expression, ...given) => {
        const names = ["a", "b", "c"];
        const sql = expressionSql(expression, (name) => {
          const known = given[names.indexOf(name)];
          return known === null || known === undefined ? "NULL::double" : `${known}::double`;
        });
        const [row] = await (await connection.run(`SELECT (${sql})::float`)).getRows();
        const compiled = compileExpression(expression, (name) => names.indexOf(name));
        const answer = Math.fround(compiled(Float64Array.from(given, (known) => known ?? Number.NaN)));
        const inSql = row?.[0];
        if (inSql === null || inSql === undefined) expect(answer).toBeNaN();
        else expect(answer).toBe(Number(inSql) === 0 ? answer : inSql);
        if (inSql === 0) expect(Math.abs(answer)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
