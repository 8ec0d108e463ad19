import { describe, expect, test } from "vitest";
import { findPath } from "../src/graphs/condition/find-path.ts";

// Paths as gjson reads them, whose syntax KServe's conditions have; what each finds is what gjson finds.

const PEOPLE = {
  name: { first: "Tom", last: "Anderson" },
  age: 37,
  children: ["Sara", "Alex", "Jack"],
  "fav.movie": "Deer Hunter",
  none: null,
  friends: [
    { first: "Dale", last: "Murphy", age: 44, nets: ["ig", "fb", "tw"] },
    { first: "Roger", last: "Craig", age: 68, nets: ["fb", "tw"] },
    { first: "Jane", last: "Murphy", age: 47, nets: ["ig", "tw"] },
  ],
  vals: [
    { a: 1, b: true },
    { a: 2, b: true },
    { a: 3 },
    { a: 4, b: "0" },
    { a: 5, b: 0 },
    { a: 6, b: "1" },
    { a: 7, b: null },
  ],
};

const FOUND: readonly (readonly [path: string, found: unknown])[] = [
  ["name.last", "Anderson"],
  ["age", 37],
  ["none", null],
  ["nothing", undefined],
  ["age.more", undefined],
  ["", undefined],
  ["children", ["Sara", "Alex", "Jack"]],
  ["children.#", 3],
  ["children.1", "Alex"],
  ["children.9", undefined],
  ["child*.2", "Jack"],
  ["c?ildren.0", "Sara"],
  ["fav\\.movie", "Deer Hunter"],
  ["friends.#.first", ["Dale", "Roger", "Jane"]],
  ["friends.1.last", "Craig"],
  ["friends.1.missing", undefined],
  ['friends.#(last=="Murphy").first', "Dale"],
  ['friends.#(last=="Murphy")#.first', ["Dale", "Jane"]],
  ["friends.#(last==Murphy).first", "Dale"],
  ["friends.#(last=Craig).age", 68],
  ["friends.#(age>45)#.last", ["Craig", "Murphy"]],
  ["friends.#(age>=68).first", "Roger"],
  ["friends.#(age<1)", undefined],
  ["friends.#(age<1)#", []],
  ['friends.#(first%"D*").last', "Murphy"],
  ['friends.#(first!%"D*").last', "Craig"],
  ['friends.#(first!="Dale")#.first', ["Roger", "Jane"]],
  ['friends.#(nets.#(=="fb"))#.first', ["Dale", "Roger"]],
  ['friends.#(nets.#(=="fb"))#.first.#', []],
  ['friends.#(nets.#(=="fb"))#|#', 2],
  ["friends.#(nope)", undefined],
  ['children.#(!%"*a*")', "Alex"],
  ['children.#(%"A*")', "Alex"],
  ["vals.#(b==~true)#.a", [1, 2, 6]],
  ["vals.#(b==~false)#.a", [3, 4, 5, 7]],
  ["vals.#(b==~null)#.a", [3, 7]],
  ["vals.#(b==~*)#.a", [1, 2, 4, 5, 6, 7]],
  ["vals.#(b!=~true)#.a", [3, 4, 5, 7]],
  ["children|@reverse", ["Jack", "Alex", "Sara"]],
  ["children.@reverse.0", "Jack"],
  ["children|@reverse|0", "Jack"],
  ["@this.age", 37],
  ["name.@keys", ["first", "last"]],
  ["name.@values", ["Tom", "Anderson"]],
  ["friends.#.nets|@flatten|#", 7],
  ["name.@tostr", '{"first":"Tom","last":"Anderson"}'],
  ["@dig:last|#", 4],
  ["[@this].#(age==37).name.first", "Tom"],
  ["[@this].#(age==38)", undefined],
  ["[name.first,age]", ["Tom", 37]],
  ["{name.first,years:age,missing}", { first: "Tom", years: 37 }],
  ["{missing}", {}],
  ['!"said"', "said"],
  ["!true", true],
  ["friends.#(age==", undefined],
  ["__proto__", undefined],
  ["constructor", undefined],
];

describe("a condition's path", () => {
  test.each(FOUND)("%s", (path, found) => {
    expect(findPath(PEOPLE, path)).toEqual(found);
  });

  test("KServe's own: by a field of the request, a row's number, a row's pattern", () => {
    expect(findPath({ source: "client", instances: [] }, "[@this].#(source==client)")).toBeDefined();
    expect(findPath({ source: "other" }, "[@this].#(source==client)")).toBeUndefined();
    const rows = { instances: [{ intval: 9 }, { intval: 11, strval: "the red-server of them" }] };
    expect(findPath(rows, "instances.#(intval>10)")).toBe(rows.instances[1]);
    expect(findPath(rows, "instances.#(strval%*red-server*)")).toBe(rows.instances[1]);
    expect(findPath({ predictions: [{ label: "dog" }] }, 'predictions.#(label=="dog")')).toEqual({ label: "dog" });
  });

  test("a pattern that would try again and again takes no longer for it", () => {
    const text = "a".repeat(2_000);
    expect(findPath({ texts: [text] }, `texts.#(%"${"*a".repeat(200)}b")`)).toBeUndefined();
  });
});
