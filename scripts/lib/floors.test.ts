import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { floorFaults } from "./floors.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mill-floors-"));
  write("package.json", {
    name: "house",
    dependencies: { "@house/ground": "1" },
    devDependencies: { vitest: "1", "@house/roof": "1" },
  });
  declare("packages/ground", { name: "@house/ground", dependencies: { kysely: "1" }, floor: 0 });
  declare("packages/middle", {
    name: "@house/middle",
    dependencies: { "@house/ground": "1" },
    devDependencies: { "fast-check": "1", "@house/aside": "1" },
    floor: 1,
  });
  declare("packages/upper", { name: "@house/upper", dependencies: { "@house/middle": "1" }, floor: 2 });
  declare("packages/aside", { name: "@house/aside", dependencies: { "@house/ground": "1" }, floor: "beside" });
  declare("apps/roof", { name: "@house/roof", dependencies: { "@house/upper": "1" }, floor: "top" });
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, content: string | object): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
}

function declare(folder: string, { floor, ...content }: { readonly floor: unknown; readonly [key: string]: unknown }) {
  write(`${folder}/package.json`, { ...content, millwright: { floor } });
}

/** The faults of the house when one file has this text. */
async function faultsWith(path: string, text: string): Promise<readonly string[]> {
  write(path, text);
  return floorFaults(root);
}

test.each([
  ["packages/middle/src/index.ts", `import { a } from "@house/ground";`],
  ["packages/ground/src/index.ts", `import fs from "node:fs"; import { b } from "kysely/inner"; import "./own.ts";`],
  ["packages/middle/src/door.ts", `import type { A } from "@house/ground/define";`],
  ["packages/middle/src/serving.ts", `import { a } from "@house/ground/serving";`],
  ["packages/middle/src/deep/down.ts", `export * from "../index.ts";`],
  ["packages/middle/test/some.test.ts", `import "vitest"; import "fast-check"; import "../src/index.ts";`],
  ["packages/middle/test/inner.test.ts", `import "@house/ground/adapters/one";`],
  ["packages/middle/test/aside.test.ts", `import "@house/aside";`],
  ["apps/roof/src/main.ts", `import "@house/upper"; import "@house/upper/adapters/one";`],
  [
    "scripts/tool.ts",
    `import "@house/roof"; import "@house/ground"; import "../e2e/support/means.ts"; import "vitest";`,
  ],
  ["e2e/road.test.ts", `import "vitest"; import "./support/project.ts"; import "../vitest.config.ts";`],
  ["packages/middle/test/a.ts", `import "../../../e2e/support/x.ts";`],
])("%s may hold %s", async (path, text) => {
  expect(await faultsWith(path, text)).toEqual([]);
});

test.each([
  ["packages/ground/src/a.ts", `import "@house/middle";`, "which its package.json does not declare"],
  ["packages/upper/src/a.ts", `import type { A } from "@house/ground";`, "which its package.json does not declare"],
  ["packages/middle/src/a.ts", `type A = import("@house/upper").A;`, "which its package.json does not declare"],
  ["packages/middle/src/a.ts", `await import("@house/ground/src/a.ts");`, "an inner part of @house/ground"],
  ["packages/ground/src/a.ts", `import "@house/upper/define";`, "which its package.json does not declare"],
  ["packages/aside/src/a.ts", `import "@house/ground";`, "is on floor beside and imports @house/ground on floor 0"],
  ["packages/upper/src/a.ts", `import "pg";`, "imports pg, which its package.json does not declare"],
  ["packages/upper/test/a.ts", `import "pg";`, "imports pg, which its package.json does not declare"],
  ["packages/middle/src/a.ts", `import "fast-check";`, "imports fast-check, which its package.json declares for dev"],
  ["packages/middle/src/a.ts", `import "vitest";`, "imports vitest, which its package.json does not declare"],
  ["packages/middle/src/a.ts", `import "@house/aside";`, "which its package.json does not declare"],
  ["packages/middle/test/a.ts", `import "@house/roof";`, "which its package.json does not declare"],
  ["packages/middle/src/a.ts", `import "../../ground/src/a.ts";`, "reaches out of its folder by ../../ground/src/a.ts"],
  ["packages/middle/test/a.ts", `import "../../../e2e/a.ts";`, "reaches out of its folder by"],
  ["packages/middle/src/a.ts", `import "../../../e2e/support/x.ts";`, "reaches out of its folder by"],
  ["apps/roof/src/a.ts", `import "../../../packages/upper/src/a.ts";`, "reaches out of its folder by"],
  ["packages/middle/src/a.ts", `import "fs";`, "write node:fs"],
  ["packages/middle/src/a.ts", `import "/opt/a.ts";`, "a path of this machine"],
  ["scripts/a.ts", `import "@house/middle";`, "which its package.json does not declare"],
  ["scripts/a.ts", `import "@house/roof/inner";`, "an inner part of @house/roof"],
  ["scripts/lib/a.ts", `import "../../packages/ground/src/a.ts";`, "reaches out of its folder by"],
  ["e2e/a.ts", `import "@house/roof";`, "e2e uses the product from outside and imports no package of it"],
  ["e2e/a.ts", `import "../apps/roof/src/main.ts";`, "reaches out of its folder by"],
  ["packages/middle/src/a.ts", `import from;`, "does not parse"],
])("%s may not hold %s", async (path, text, fault) => {
  const told = new RegExp(`^${RegExp.escape(path)}:1: .*${RegExp.escape(fault)}`);
  expect(await faultsWith(path, text)).toEqual([expect.stringMatching(told)]);
});

test("a declared import of the same floor or a higher one is a fault", async () => {
  declare("packages/level", {
    name: "@house/level",
    dependencies: { "@house/middle": "1", "@house/upper": "1" },
    floor: 1,
  });
  expect(await faultsWith("packages/level/src/a.ts", `import "@house/middle";\nimport "@house/upper";`)).toEqual([
    "packages/level/src/a.ts:1: is on floor 1 and imports @house/middle on floor 1",
    "packages/level/src/a.ts:2: is on floor 1 and imports @house/upper on floor 2",
  ]);
});

test("a package without a floor may import none of ours", async () => {
  declare("packages/new", { name: "@house/new", dependencies: { "@house/ground": "1" }, floor: undefined });
  expect(await faultsWith("packages/new/src/a.ts", `import "@house/ground";`)).toHaveLength(1);
});
