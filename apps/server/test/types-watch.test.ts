import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lakehouse } from "@millwright/lakehouse";
import { createStandingReader, loadProject, type StandingReader } from "@millwright/project";
import { installation } from "../src/installation.ts";
import { renewTypes } from "../src/project-types.ts";
import { watchTypes, type Renewal, type TypesWatch } from "../src/types-watch.ts";

// What a save costs, told by counts: which SELECTs the engine is asked to describe, how often the definitions are read.

const FILES = {
  "millwright.ts": 'import { defineProject } from "millwright";\nexport default defineProject({ name: "shop" });\n',
  "sources/sales.ts":
    'import { defineSource } from "millwright";\nexport const sales = defineSource({ name: "sales_raw", path: "sales.csv", columns: { at: "timestamp", amount: "double" } });\n',
  "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\n",
  "models/sources.yml": "version: 2\nsources:\n  - name: raw\n    tables:\n      - name: sales_raw\n",
  "models/first.sql": "select at, amount from {{ source('raw', 'sales_raw') }}",
  "models/second.sql": "select amount from {{ ref('first') }}",
  "models/apart.sql": "select at from {{ source('raw', 'sales_raw') }}",
};

let dir: string;
let watching: TypesWatch;
let asked: string[] = [];
let readings = 0;
const renewals: Renewal[] = [];
let told = () => {};

const { millwrightUrl } = installation();
const lakehouse = {
  describe: (select: string) => {
    if (select === "SELECT 1 AS one") return Promise.resolve([]);
    asked.push(select);
    const names = /select (.*) from/.exec(select)?.[1]?.split(", ") ?? [];
    return Promise.resolve(names.map((name) => ({ name, type: "double" })));
  },
  emptyRelation: (columns: readonly { readonly name: string }[]) => `(empty ${columns.map(({ name }) => name).join()})`,
  relation: (name: string) => name,
} as unknown as Lakehouse;
const tracking = { byAlias: () => Promise.resolve(undefined) };
const logger = { info: () => {}, error: () => {} } as never;

function counted(reader: StandingReader): StandingReader {
  const take = () => {
    readings += 1;
    return reader.take();
  };
  return { ...reader, take };
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "mill-types-watch-"));
  for (const [file, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), text);
  }
  // What was just saved would be taken for saved while it was read.
  for (const name of readdirSync(dir, { recursive: true, encoding: "utf8" })) utimesSync(join(dir, name), 1, 1);
  const readAtMs = Date.now();
  const reader = counted(createStandingReader({ projectDir: dir, millwrightUrl }));
  const project = await loadProject({ projectDir: dir, millwrightUrl, reader });
  await renewTypes(project, { lakehouse, tracking });
  const onRenewed = (renewal: Renewal) => {
    renewals.push(renewal);
    told();
  };
  // Saved between the reading and the watching.
  writeFileSync(join(dir, "models/apart.sql"), `${FILES["models/apart.sql"]} limit 1`);
  const caughtUp = new Promise<void>((resolve) => (told = resolve));
  watching = watchTypes({ project, readAtMs, reader, lakehouse, tracking, logger, onRenewed });
  await caughtUp;
});

afterAll(async () => {
  await watching.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Saves a file; what its renewal asked the engine for, how often it read the definitions, and how it ended. */
async function save(file: string, text: string) {
  asked = [];
  readings = 0;
  renewals.length = 0;
  const renewed = new Promise<void>((resolve) => (told = resolve));
  writeFileSync(join(dir, file), text);
  await renewed;
  return { asked: [...asked], readings, error: renewals[0]?.error?.code ?? null };
}

const types = () => readFileSync(join(dir, ".mill", "generated", "types.d.ts"), "utf8");

test("of a changed model that model alone is described, and those whose input has other columns; no definition is read", async () => {
  const last = await save("models/second.sql", "select amount, rate from {{ ref('first') }}");
  expect(last).toEqual({ asked: [expect.stringMatching(/^select amount, rate from/)], readings: 0, error: null });
  expect(types()).toContain('"rate": number');
  const first = await save("models/first.sql", "select at, amount, vat from {{ source('raw', 'sales_raw') }}");
  expect(first.asked.map((select) => select.split(" from")[0])).toEqual([
    "select at, amount, vat",
    "select amount, rate",
  ]);
});

test("of a changed definition no model is described whose relations are as they were", async () => {
  expect(await save("sources/sales.ts", `${FILES["sources/sales.ts"]}// no matter\n`)).toEqual({
    asked: [],
    readings: 1,
    error: null,
  });
  const wider = FILES["sources/sales.ts"].replace('amount: "double"', 'amount: "double", shop: "string"');
  expect((await save("sources/sales.ts", wider)).asked).toHaveLength(2);
  expect(types()).toContain('"shop": string');
});

test("what could not be read is read again with the next save, of whatever file", async () => {
  const broken = await save("sources/sales.ts", "export const broken = (;");
  expect(broken).toMatchObject({ readings: 1, error: "project/unreadable-definition" });
  const other = await save("models/apart.sql", "select at, amount from {{ source('raw', 'sales_raw') }}");
  expect(other).toMatchObject({ readings: 1, error: "project/unreadable-definition" });
  expect(await save("sources/sales.ts", FILES["sources/sales.ts"])).toMatchObject({ readings: 1, error: null });
});
