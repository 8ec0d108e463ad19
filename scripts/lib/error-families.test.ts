import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findErrorFamilies, unknownCodes, type ErrorFamily } from "./error-families.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mill-families-"));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), `const defineErrors = (area, catalogue) => ({ area, catalogue });\n${text}`);
}

const family = (area: string, ...codes: readonly string[]): ErrorFamily => ({
  area,
  catalogue: Object.fromEntries(codes.map((code) => [code, { status: 400, title: "", remedy: "" }])),
  create: () => {
    throw new Error("not used");
  },
});

test("finds what packages and apps export, once each, by area", async () => {
  write("packages/rivers/src/index.ts", `export const riverErrors = defineErrors("rivers", { "rivers/dry": {} });`);
  write("packages/again/src/index.ts", `export { riverErrors } from "../../rivers/src/index.ts";`);
  write("apps/ponds/src/index.ts", `export const pondErrors = defineErrors("ponds", { "ponds/full": {} });`);
  const { families, faults } = await findErrorFamilies(root);
  expect(families.map(({ area }) => area)).toEqual(["ponds", "rivers"]);
  expect(faults).toEqual([]);
});

test("a family that its package does not export is told with its place", async () => {
  write(
    "packages/rivers/src/deep/errors.ts",
    `export const riverErrors = defineErrors("rivers", { "rivers/dry": {} });`,
  );
  write("packages/rivers/src/index.ts", "");
  expect((await findErrorFamilies(root)).faults).toEqual([
    "packages/rivers/src/deep/errors.ts:2: the errors of rivers are not exported as *Errors by packages/rivers/src/index.ts",
  ]);
});

test("a code that two families have is told", async () => {
  write("packages/one/src/index.ts", `export const oneErrors = defineErrors("one", { "one/a": {} });`);
  write("packages/two/src/index.ts", `export const twoErrors = defineErrors("one", { "one/a": {}, "one/b": {} });`);
  expect((await findErrorFamilies(root)).faults).toEqual(["one/a is defined 2 times"]);
});

test("a code that the command line lacks is told", () => {
  expect(unknownCodes([family("a", "a/x", "a/y")], [family("a", "a/x")])).toEqual([
    expect.stringContaining("does not know a/y"),
  ]);
});
