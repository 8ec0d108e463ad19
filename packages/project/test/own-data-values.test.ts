import { describe, expect, test } from "vitest";
import { dateReading } from "../src/own-data/date-formats.ts";
import { delimiterOf, textForm } from "../src/own-data/file-text.ts";
import { cleanNames, identifierOf } from "../src/own-data/names.ts";
import { readColumn, readingSql } from "../src/own-data/reading.ts";

const column = (texts: readonly string[], type = "VARCHAR") => ({
  name: "Column A",
  type,
  present: texts.length,
  distinct: new Set(texts).size,
  values: texts.map((text) => ({ text, rows: 1 })),
});
const sqlOf = (texts: readonly string[]) => readingSql(column(texts), readColumn(column(texts)));

describe("dates", () => {
  test("of three formats in one column are read by three", () => {
    const texts = ["2024-01-31", "2024-02-01", "31.12.2023", "Mar 5, 2024"];
    expect(dateReading(column(texts).values)).toMatchObject({
      formats: ["%Y-%m-%d", "%d.%m.%Y", "%b %d, %Y"],
      share: 1,
      hasTime: false,
    });
  });

  test("with the day first are told from those with the month first, and said to be doubtful where nothing tells", () => {
    expect(dateReading(column(["13/01/2024", "02/03/2024"]).values)).toMatchObject({
      formats: ["%d/%m/%Y"],
      isAmbiguous: false,
    });
    expect(dateReading(column(["01/02/2024", "02/03/2024"]).values)).toMatchObject({ isAmbiguous: true });
  });

  test("are none where texts are none", () => {
    expect(dateReading(column(["red", "2024"]).values)).toBeUndefined();
  });
});

describe("a column is read as", () => {
  test.each([
    ["a whole number, missing marks aside", ["1", "2", "N/A", "-"], "try_cast(case when"],
    ["a day in digits alone", ["20240131", "20240201", "n/a"], "not in ('n/a') then trim(\"Column A\") end, '%Y%m%d')"],
    ["a time with its zone", ["2024-01-31T10:00:00+02:00"], "'%Y-%m-%dT%H:%M:%S%z')::timestamp"],
    ["a whole number where not all of them are days", ["20240131", "20241301"], "as bigint)"],
    ["a number with commas between thousands", ["1,200.50", "$ 3", "12"], "replace(regexp_replace("],
    ["a number with a decimal comma", ["1.200,50", "3,5"], "replace(replace("],
    ["a yes or no", ["Yes", "no", "YES"], "(lower(trim(\"Column A\")) = 'yes')::int"],
    ["text, since a number has no zeros before it", ["00123", "00456"], "nullif(trim"],
    ["text in its usual spelling", ["Red", "red", "blue"], "case lower(trim(\"Column A\")) when 'red' then 'Red' else"],
  ])("%s", (_what, texts, sql) => {
    expect(sqlOf(texts)).toContain(sql);
  });
});

test("the character between fields is the one that every line has as often", () => {
  expect(delimiterOf("a;b;c\n1,5;2;3\n1,5;2;3\n")).toBe(";");
  expect(delimiterOf('a,b\n"x; y; z",1\n"x; y",2\n')).toBe(",");
  expect(delimiterOf("a\tb\n1\t2\n")).toBe("\t");
  expect(delimiterOf("name\nAnna\nBen\n")).toBeUndefined();
});

test("an encoding is told by what its bytes mostly are", () => {
  const cyrillic = [0xcc, 0xee, 0xf1, 0xea, 0xe2, 0xe0, 0x2c, 0xe3, 0xee, 0xf0, 0xee, 0xe4];
  expect(textForm(Buffer.from("Größe,Preis", "utf8")).encoding).toBe("utf-8");
  expect(textForm(Buffer.from("Größe,Preis", "latin1"))).toEqual({ encoding: "windows-1252", text: "Größe,Preis" });
  expect(textForm(Buffer.from("a,b\n1,2\n", "utf16le")).encoding).toBe("utf-16le");
  expect(textForm(Uint8Array.from(cyrillic))).toEqual({ encoding: "windows-1251", text: "Москва,город" });
  // "東京タワー" in Shift_JIS.
  expect(textForm(Uint8Array.from([0x93, 0x8c, 0x8b, 0x9e, 0x83, 0x5e, 0x83, 0x8f, 0x81, 0x5b])).encoding).toBe(
    "shift_jis",
  );
});

test("a thing that is called as a word of TypeScript can be written down", () => {
  expect(["class", "sold_at"].map(identifierOf)).toEqual(["theClass", "soldAt"]);
});

test("names become plain, each once, and none a word that SQL keeps", () => {
  const names = ["Unit Price (€)", "unit price", "2nd", "Größe", "order", "isLate", "%", "model", "at"];
  expect([...cleanNames(names).values()]).toEqual([
    "unit_price",
    "unit_price_2",
    "n_2nd",
    "grosse",
    "order_value",
    "is_late",
    "percent",
    "model_value",
    "at_value",
  ]);
});
