import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { table } from "@millwright/kernel";
import { defineEntity, defineFeatureView } from "../src/index.ts";
import { rowsFrame } from "../src/history/entity-frame.ts";
import { frameHistory } from "../src/history/frame-history.ts";

let connection: DuckDBConnection;
const folder = mkdtempSync(join(tmpdir(), "mill-history-"));

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(":memory:", { preserve_insertion_order: "false" })).connect();
});

afterAll(() => {
  connection.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

const START = Date.parse("2001-01-01T00:00:00Z");
const TTL_MINUTES = 60;

interface Row {
  readonly k: string | null;
  readonly at: number;
  readonly written: number | null;
}

const time = fc.integer({ min: 0, max: 200 });
const key = fc.constantFrom("a", "b", null);
const rows = fc.array(fc.record({ k: key, at: time, written: fc.option(time) }), { maxLength: 14 });
const asked = fc.array(fc.record({ k: key, at: time }), { maxLength: 10 });

function iso(minute: number): string {
  return new Date(START + minute * 60_000).toISOString();
}

async function load(values: readonly Row[]): Promise<void> {
  const lines = values.map(({ k, at, written }, f) =>
    JSON.stringify({ k, at: iso(at), written: written === null ? null : iso(written), f }),
  );
  const file = join(folder, "rows.jsonl");
  writeFileSync(file, `${lines.join("\n")}\n`);
  await connection.run(
    `CREATE OR REPLACE TABLE v AS SELECT * FROM read_json('${file}', format = 'newline_delimited', columns = {'k': 'VARCHAR', 'at': 'TIMESTAMPTZ', 'written': 'TIMESTAMPTZ', 'f': 'BIGINT'})`,
  );
}

/** What the join must answer, by looking at every row: the last of those that may be seen. */
function naive(
  question: { readonly k: string | null; readonly at: number },
  { known, laterCreated }: { readonly known: readonly Row[]; readonly laterCreated: boolean },
): number | null {
  const seen = known
    .map((row, f) => ({ ...row, f }))
    .filter(({ k, at }) => k !== null && k === question.k && at <= question.at)
    .filter(({ written }) => laterCreated || (written !== null && written <= question.at))
    .toSorted((a, b) => a.at - b.at || (a.written ?? -1) - (b.written ?? -1) || a.f - b.f);
  const last = seen.at(-1);
  return last === undefined || last.at < question.at - TTL_MINUTES ? null : last.f;
}

const view = defineFeatureView({
  name: "v",
  entities: [defineEntity({ name: "e", key: "k" })],
  from: table("v"),
  timestamp: "at",
  created: "written",
  ttl: `${TTL_MINUTES}m`,
  features: ["f"],
});

describe("a frame's history", () => {
  test.each([true, false])(
    "takes the row that was last and known, ties by when they were written (later ones too: %s)",
    async (laterCreated) => {
      await fc.assert(
        fc.asyncProperty(rows, asked, async (known, questions) => {
          await load(known);
          const frame = await rowsFrame(
            questions.map(({ k, at }) => ({ k, asked_at: iso(at) })),
            join(folder, "frame.jsonl"),
          );
          if (questions.length === 0) return;
          const { select } = frameHistory({
            frame,
            timestamp: "asked_at",
            selections: [view.all()],
            columnsOf: () => [
              { name: "k", type: "string" },
              { name: "at", type: "timestamptz" },
              { name: "written", type: "timestamptz" },
              { name: "f", type: "long" },
            ],
            laterCreated,
          });
          const answers = await (await connection.run(select)).getRowObjects();
          expect(answers.map(({ f }) => (f === null ? null : Number(f)))).toEqual(
            questions.map((question) => naive(question, { known, laterCreated })),
          );
        }),
        { numRuns: inject("full") ? 1_000 : 60 },
      );
    },
  );

  test("keeps a whole number whole and a fraction a fraction", async () => {
    const frame = await rowsFrame(
      [{ id: 9_007_199_254_740_993n, share: 1.5, name: null }],
      join(folder, "frame.jsonl"),
    );
    expect(frame.columns.map(({ type }) => type)).toEqual(["long", "double", "string"]);
    const [row] = await (await connection.run(frame.select({}))).getRowObjects();
    expect(row).toMatchObject({ id: 9_007_199_254_740_993n, share: 1.5, name: null });
  });
});
