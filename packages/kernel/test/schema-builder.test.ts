import TypeBox from "typebox";
import { describe, expect, test } from "vitest";
import { Type } from "../src/index.ts";

type Make = (type: typeof Type) => object;

const SCHEMAS: Readonly<Record<string, Make>> = {
  text: (type) => type.String({ minLength: 1, description: "a text" }),
  numbers: (type) => type.Array(type.Number({ default: 0.5 }), { maxItems: 3 }),
  whole: (type) => type.Union([type.Integer({ minimum: 0 }), type.BigInt()]),
  literals: (type) => type.Union([type.Literal("a"), type.Literal(1), type.Literal(true), type.Null()], { title: "U" }),
  "an object of nothing": (type) => type.Object({}),
  "an object": (type) =>
    type.Object(
      { a: type.Boolean(), b: type.Optional(type.Unknown({ description: "left away" })) },
      { additionalProperties: false },
    ),
  "objects by name": (type) =>
    type.Record(type.String(), type.Object({ c: type.Optional(type.String()) }), { title: "R" }),
};

describe("a schema's builders", () => {
  test.each(Object.entries(SCHEMAS))("make what TypeBox's own make, its hidden marks included: %s", (_name, make) => {
    expect(whole(make(Type))).toEqual(whole(make(TypeBox)));
  });
});

/** With what is not enumerable. */
function whole(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(whole);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(Object.getOwnPropertyDescriptors(value)).map(([name, { value: inner, enumerable }]) => [
      `${name}${enumerable === true ? "" : " (hidden)"}`,
      whole(inner),
    ]),
  );
}
