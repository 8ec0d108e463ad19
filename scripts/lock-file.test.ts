import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly cpu?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const path = join(import.meta.dirname, "..", "package-lock.json");
const { packages } = JSON.parse(readFileSync(path, "utf8")) as { packages: Readonly<Record<string, Locked>> };
const installed = Object.entries(packages).filter(([place, { link }]) => place.includes("node_modules/") && !link);

/** The entry that a package at `place` gets for a name: the nearest one, outwards, as Node resolves it. */
function lookup(place: string, name: string): Locked | undefined {
  const parts = place === "" ? [] : place.split("/");
  for (let length = parts.length; length >= 0; length -= 1) {
    const found = packages[[...parts.slice(0, length), "node_modules", name].join("/")];
    if (found !== undefined) return found;
  }
  return undefined;
}

const optionals = Object.entries(packages).flatMap(([place, { optionalDependencies = {} }]) =>
  Object.keys(optionalDependencies).map((name) => ({ place, name })),
);

test("each optional dependency has an entry of its own: npm 11 and later refuse a lock in which one lacks", () => {
  const lacking = optionals.filter(({ place, name }) => lookup(place, name) === undefined);
  expect(optionals.length).toBeGreaterThan(50);
  expect(lacking).toEqual([]);
});

test("each installed package is pinned to an archive and its hash", () => {
  const unpinned = installed.filter(([, { version, integrity }]) => version === undefined || integrity === undefined);
  expect(unpinned.map(([place]) => place)).toEqual([]);
});

/** Packages with a part for each machine, and the processors of the parts for Linux with glibc. */
const natives = new Map<string, ReadonlySet<string>>();
for (const { place, name } of optionals) {
  const [, processor] = /linux-(x64|arm64)(?!.*musl)/.exec(name) ?? [];
  if (processor === undefined || !lookup(place, name)?.cpu?.includes(processor)) continue;
  const owner = place.split("node_modules/").at(-1) ?? "";
  natives.set(owner, new Set([...(natives.get(owner) ?? []), processor]));
}

test("each native library comes for Linux on x64 and on arm64", () => {
  const lacking = [...natives].filter(([, processors]) => !processors.has("x64") || !processors.has("arm64"));
  expect(lacking).toEqual([]);
});

test.each(["", "@duckdb/node-bindings", "lightningcss", "oxc-parser", "oxfmt", "oxlint", "rolldown", "typescript"])(
  "%j is known as a native library",
  (name) => {
    expect([...natives.keys()]).toContain(name);
  },
);
