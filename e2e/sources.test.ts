import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { edit, millJson } from "./support/project.ts";

// Sources as people have them: other delimiters and encodings, packed files, several at once, rows that are wrong.

let projectDir: string;

const SOURCES = `import { defineSource } from "millwright";

export const menu = defineSource({
  name: "menu",
  path: "data/menu.csv",
  csv: { delimiter: ";", encoding: "windows-1252" },
  columns: { dish: "string", price: "double" },
});
export const visits = defineSource({
  name: "visits",
  path: "data/visits-*.csv.gz",
  badRows: "quarantine",
  columns: [{ name: "at", type: "timestamp", nullable: false }, { name: "guests", type: "int" }],
});
export const events = defineSource({
  name: "events",
  path: "data/events.jsonl.zst",
  badRows: "quarantine",
  columns: { kind: "string", amount: "double" },
});
`;

beforeAll(() => {
  projectDir = mkdtempSync(join(tmpdir(), "mill-sources-"));
  for (const folder of ["data", "sources"]) mkdirSync(join(projectDir, folder));
  const write = (file: string, content: string | Uint8Array) => writeFileSync(join(projectDir, file), content);
  write(
    "millwright.ts",
    'import { defineProject } from "millwright";\nexport default defineProject({ name: "inn" });\n',
  );
  write("sources/all.ts", SOURCES);
  write("data/menu.csv", Buffer.from("dish;price\nCrème brûlée \u0096 groß;7.5\n", "latin1"));
  write("data/visits-1.csv.gz", gzipSync("at,guests\n2001-01-01 10:00:00,2\nyesterday,3\n,4\n2001-01-02 10:00:00,\n"));
  write("data/visits-2.csv.gz", gzipSync("at,guests\n2001-01-03 10:00:00,many\n2001-01-04\n2001-01-05 10:00:00,5\n"));
  write(
    "data/events.jsonl.zst",
    zstdCompressSync('{"kind":"tip","amount":1.5}\n{"kind":"tip","amount":"much"}\n{"kind":"visit"}\n'),
  );
});

afterAll(() => rmSync(projectDir, { recursive: true, force: true }));

const rowsOf = (query: string) =>
  (millJson(["sql", query, "--project", projectDir]) as { readonly rows: readonly (readonly unknown[])[] }).rows;

interface Run {
  readonly state: string;
  readonly tasks: readonly {
    readonly id: string;
    readonly state: string;
    readonly error: { readonly code: string } | null;
  }[];
}

describe("a load", () => {
  test("reads what the source says, and puts aside what is not of it", () => {
    const { tasks } = millJson(["run", "--project", projectDir]) as Run;
    expect(Object.fromEntries(tasks.map(({ id, state }) => [id, state]))).toEqual({
      "source:events": "warned",
      "source:menu": "done",
      "source:visits": "warned",
    });
    expect(rowsOf("select * from menu")).toEqual([["Crème brûlée – groß", 7.5]]);
    expect(rowsOf('select "at"::varchar, guests from visits order by "at"')).toEqual([
      ["2001-01-01 10:00:00", 2],
      ["2001-01-02 10:00:00", null],
      ["2001-01-05 10:00:00", 5],
    ]);
    expect(rowsOf("select kind, amount from events order by kind")).toEqual([
      ["tip", 1.5],
      ["visit", null],
    ]);
  });

  test("tells each bad row's file, row, column and reason in the quarantine table", () => {
    expect(rowsOf('select * from visits_quarantine order by file, "row", line')).toEqual([
      ["data/visits-1.csv.gz", 2, null, "at", "yesterday", "is not a timestamp"],
      ["data/visits-1.csv.gz", 3, null, "at", null, "is missing"],
      ["data/visits-2.csv.gz", 1, null, "guests", "many", "is not a int"],
      ["data/visits-2.csv.gz", null, 3, null, "2001-01-04", "Expected Number of Columns: 2 Found: 1"],
    ]);
    expect(rowsOf('select "row", "column", reason from events_quarantine')).toEqual([[2, "amount", "is not a double"]]);
  });

  test("keeps the statistics of its columns", () => {
    const { history } = millJson(["table", "show", "visits", "--project", projectDir]) as {
      readonly history: readonly { readonly summary: Readonly<Record<string, string>> }[];
    };
    const { summary } = history.at(-1) ?? { summary: {} };
    expect(summary["millwright.quarantined-rows"]).toBe("4");
    expect(JSON.parse(summary["millwright.column-statistics"] ?? "[]")).toEqual([
      { column: "at", nulls: 0, distinct: 3, min: "2001-01-01 10:00:00", max: "2001-01-05 10:00:00" },
      { column: "guests", nulls: 1, distinct: 2, min: "2", max: "5" },
    ]);
  });

  test("is refused whole where a value is missing that must be there", () => {
    edit(projectDir, "sources/all.ts", (text) =>
      text.replace(
        `{ dish: "string", price: "double" }`,
        `[{ name: "dish", type: "string" }, { name: "price", type: "double", nullable: false }]`,
      ),
    );
    writeFileSync(join(projectDir, "data", "menu.csv"), "dish;price\nBread;\n");
    const { tasks } = millJson(["run", "--project", projectDir, "--select", "menu"]) as Run;
    expect(tasks.find(({ id }) => id === "source:menu")?.error?.code).toBe("ingestion/missing-value");
    expect(rowsOf("select count(*) from menu")).toEqual([[1]]);
  });

  test("is refused whole where the source says nothing else, and names the value", () => {
    edit(projectDir, "sources/all.ts", (text) => text.replace('badRows: "quarantine",', 'badRows: "fail",'));
    const { tasks } = millJson(["run", "--project", projectDir]) as Run;
    expect(tasks.find(({ id }) => id === "source:visits")).toMatchObject({
      state: "failed",
      error: { code: "ingestion/wrong-type" },
    });
    expect(rowsOf("select count(*) from visits")).toEqual([[3]]);
  });
});
