import { describe, expect, test } from "vitest";
import { encodeBound } from "../src/domain/iceberg/bounds.ts";
import { metricsModes } from "../src/domain/iceberg/metrics.ts";
import type { IcebergSchema } from "../src/domain/iceberg/schema.ts";

const bound = (type: string, text: string, side: "min" | "max", length?: number) => {
  const value = encodeBound({ type, text, side, ...(length === undefined ? {} : { length }) });
  return value === undefined ? undefined : type === "string" ? value.toString() : value.toString("hex");
};

describe("bounds of columns", () => {
  test("are cut to the length asked for, an upper one to the next greater text or bytes", () => {
    expect(bound("string", "iceberg", "min", 3)).toBe("ice");
    expect(bound("string", "iceberg", "max", 3)).toBe("icf");
    expect(bound("string", "ice", "max", 3)).toBe("ice");
    expect(bound("string", "a\u{10ffff}\u{10ffff}x", "max", 3)).toBe("b");
    expect(bound("string", "\u{d7ff}x", "max", 1)).toBe("\u{e000}");
    expect(bound("string", "\u{10ffff}x", "max", 1)).toBeUndefined();
    // The writer's own cut at 256 bytes is no upper bound.
    expect(bound("string", "x".repeat(256), "max")).toBe(`${"x".repeat(255)}y`);
    expect(bound("binary", "AAFF01", "max", 2)).toBe("ab");
    expect(bound("binary", "FFFF01", "max", 2)).toBeUndefined();
    expect(bound("binary", "AA01", "min", 1)).toBe("aa");
  });

  test("of decimals and times are in the specification's bytes", () => {
    expect(bound("decimal(9, 2)", "14.20", "min")).toBe("058c");
    expect(bound("decimal(9, 2)", "-1.28", "min")).toBe("80");
    expect(bound("decimal(9, 2)", "1.28", "min")).toBe("0080");
    expect(bound("time", "00:00:01.5", "max")).toBe("60e3160000000000");
  });
});

describe("metrics modes", () => {
  const fields = Array.from({ length: 102 }, (_, index) => ({
    id: index + 1,
    name: `c${index}`,
    required: false,
    type: "int",
  }));
  const schema: IcebergSchema = { type: "struct", "schema-id": 0, fields };
  const kinds = (properties: Record<string, string>, ordered: readonly number[] = []) => {
    const modes = metricsModes(schema, { properties, ordered });
    return [1, 2, 102].map((id) => modes.get(id)?.kind);
  };

  test("are those of the table's properties, for each column before the default, and of columns that order it at least bounds", () => {
    expect(kinds({})).toEqual(["truncate", "truncate", "none"]);
    expect(kinds({}, [102])).toEqual(["truncate", "truncate", "truncate"]);
    expect(kinds({ "write.metadata.metrics.default": "counts", "write.metadata.metrics.column.c1": "full" })).toEqual([
      "counts",
      "full",
      "counts",
    ]);
    expect(kinds({ "write.metadata.metrics.default": "none" }, [1])).toEqual(["truncate", "none", "none"]);
    expect(kinds({ "write.metadata.metrics.max-inferred-column-defaults": "1" })).toEqual(["truncate", "none", "none"]);
    expect(metricsModes(schema, { properties: { "write.metadata.metrics.default": "truncate(4)" } }).get(1)).toEqual({
      kind: "truncate",
      length: 4,
    });
  });
});
