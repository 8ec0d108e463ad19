import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@millwright/kernel";
import type { SqlEngine } from "@millwright/lakehouse";
import { createDuckdbEngine } from "@millwright/lakehouse/adapters/duckdb-sql-engine";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guessesOf, type ToldGuesses } from "../src/own-data/guesses.ts";
import { planOwnData, type OwnDataOptions } from "../src/own-data/own-data.ts";

let folder: string;
let engine: SqlEngine;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mill-own-data-"));
  const tempFolder = join(folder, "tmp");
  engine = createDuckdbEngine({ folders: [folder], tempFolder, memoryMb: 512, threads: 2, logger: silentLogger });
});

afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

async function guess(
  name: string,
  content: string | Uint8Array,
  said: Partial<OwnDataOptions> = {},
): Promise<ToldGuesses> {
  const path = join(folder, name);
  await writeFile(path, content);
  return guessesOf(await planOwnData(engine, { path, scratchFolder: folder, ...said }));
}

const valueOf = ({ roles }: ToldGuesses, what: string) => roles.find((role) => role.what === what)?.value;
const columnOf = ({ columns }: ToldGuesses, name: string) => columns.find(({ column }) => column === name);

/** 240 orders of four shops: an id, dates in three formats, a constant, a reason that is there only for what was returned. */
function sales(): string {
  const lines = Array.from({ length: 240 }, (_, row) => {
    const [day, month] = [String((row % 28) + 1).padStart(2, "0"), String((row % 12) + 1).padStart(2, "0")];
    const date = [`2024-${month}-${day}`, `${day}.${month}.2024`, `Mar ${(row % 28) + 1}, 2024`][row % 3];
    const isReturned = (row * 7919) % 20 === 0;
    const price = row % 9 === 0 ? "N/A" : `${(row * 31) % 90},50`;
    return `A-${1000 + row};${date};shop ${row % 4};${price};EUR;${isReturned ? "Yes" : "no"};${isReturned ? "broken" : ""}`;
  });
  return `Order ID;Sold on;Shop;Price (€);Currency;Returned;Why returned\n${lines.join("\n")}\n`;
}

describe("of a shop's sales", () => {
  let guessed: ToldGuesses;

  beforeAll(async () => {
    guessed = await guess("sales.csv", Buffer.from(sales().replaceAll("€", "EUR"), "latin1"));
  });

  test("label, task, time and key are guessed, each with its reason", () => {
    expect(valueOf(guessed, "label")).toBe("Returned");
    expect(valueOf(guessed, "task")).toBe("a yes or no");
    expect(valueOf(guessed, "time")).toBe("Sold on");
    expect(valueOf(guessed, "key")).toBe("Shop");
    expect(guessed.roles.every(({ why }) => why.length > 10)).toBe(true);
  });

  test.each([
    ["Order ID", /id-like/],
    ["Currency", /every row has the same value, EUR/],
    ["Why returned", /leaks the label/],
  ])("%s is left out, and it is said why", (name, why) => {
    expect(columnOf(guessed, name)).toMatchObject({
      role: name === "Order ID" ? "key" : "left out",
      why: expect.stringMatching(why) as string,
    });
  });

  test("a price with a decimal comma and missing marks is a feature", () => {
    expect(columnOf(guessed, "Price (EUR)")).toMatchObject({ role: "feature", type: "number", as: "price_eur" });
  });

  test("an option says otherwise", async () => {
    const other = await guess("sales.csv", sales(), { label: "Price (€)", key: "Order ID" });
    expect(valueOf(other, "label")).toBe("Price (€)");
    expect(valueOf(other, "task")).toBe("a number");
    await expect(guess("sales.csv", sales(), { label: "Prize" })).rejects.toMatchObject({
      code: "project/unusable-column",
    });
    await expect(guess("sales.csv", sales(), { time: "Shop" })).rejects.toMatchObject({
      code: "project/unusable-column",
    });
  });
});

test("a class of twelve rows is kept, one of two is left out, and rows without a time are split by a hash", async () => {
  const kinds = Array.from({ length: 200 }, (_, row) =>
    row < 12 ? "rare" : row < 14 ? "odd" : row % 2 === 0 ? "left" : "right",
  );
  const guessed = await guess(
    "kinds.tsv",
    `size\tweight\tkind\n${kinds.map((kind, row) => `${row % 17}\t${(row * 37) % 101}.5\t${kind}`).join("\n")}\n1\t2\t3\t4\n`,
  );
  expect(guessed.roles.find(({ what }) => what === "rows")).toMatchObject({
    value: "200",
    why: "a line does not read as the header says: see kinds_raw_quarantine",
  });
  expect(valueOf(guessed, "label")).toBe("kind");
  expect(guessed.roles.find(({ what }) => what === "task")?.why).toMatch(/left out, as hardly a row has them: odd$/);
  expect(guessed.roles.find(({ what }) => what === "split")?.why).toMatch(/each label has its share/);
});

describe("a file that cannot be used is one error with a remedy", () => {
  test.each([
    ["empty.csv", "", /is empty/],
    ["header.csv", "a,b\n", /has no rows/],
    ["one.csv", "name\nAnna\nBen\n", /has one column/],
    ["numbers.csv", "1,2,3\n4,5,6\n", /the first line .* holds numbers/],
    ["image.csv", Uint8Array.from({ length: 512 }, (_, at) => (at * 37) % 256), /is no text/],
    ["broken.parquet", "PAR1 and no more", /could not be read as parquet/],
    [
      "ids.tsv",
      `id\trate\n${Array.from({ length: 20 }, (_, row) => `${row}\t${(row * 7) % 5}.5\n`).join("")}`,
      /nothing to learn from: id/,
    ],
    ["quotes.csv", `a,b\n1,x\n2,y\n${'""z"",3,4\n'.repeat(5)}`, /5 lines .* and only 2 do: a quote may be open/],
    ["open.csv", `a,b\n1,x\n2,y\n"z,3\n${"4,w\n".repeat(9)}`, /10 lines .* and only 2 do: a quote may be open/],
    ["names.csv", "a,b\nAnna,Berlin\nBen,Bern\nCleo,Basel\n", /no column that could be predicted/],
  ])("%s", async (name, content, because) => {
    await expect(guess(name, content)).rejects.toMatchObject({
      code: "project/unusable-file",
      because: expect.stringMatching(because) as string,
      remedy: expect.stringMatching(/\.$/) as string,
    });
  });

  test("one that is not there", async () => {
    const absent = planOwnData(engine, { path: join(folder, "nothing.csv"), scratchFolder: folder });
    await expect(absent).rejects.toMatchObject({ code: "project/unusable-file" });
  });
});
