import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { errorFamilies } from "@millwright/cli";
import { parseSync, Visitor } from "oxc-parser";

/** The errors of one area, as `defineErrors` makes them. */
export type ErrorFamily = (typeof errorFamilies)[number];

export interface FamiliesFound {
  /** By area. */
  readonly families: readonly ErrorFamily[];
  /** What breaks a rule: a family that its package does not export, or a code that two families have. */
  readonly faults: readonly string[];
}

/** Finds every `*Errors` that a package or an app under `root` exports, and each `defineErrors` that none exports. */
export async function findErrorFamilies(root: string): Promise<FamiliesFound> {
  const indexes = await Array.fromAsync(glob("{packages,apps}/*/src/index.ts", { cwd: root }));
  const families = new Set<ErrorFamily>();
  const faults: string[] = [];
  for (const index of indexes.toSorted()) {
    const exported = await exportedFamilies(join(root, index));
    for (const family of exported) families.add(family);
    const areas = new Set(exported.map(({ area }) => area));
    for (const { area, place } of await definitionsIn(root, dirname(index)))
      if (!areas.has(area)) faults.push(`${place}: the errors of ${area} are not exported as *Errors by ${index}`);
  }
  const sorted = [...families].toSorted((one, other) => (one.area < other.area ? -1 : 1));
  return { families: sorted, faults: [...faults, ...sharedCodes(sorted)] };
}

/** A fault for each code of `families` that the command line's list `known` lacks. */
export function unknownCodes(families: readonly ErrorFamily[], known: readonly ErrorFamily[]): readonly string[] {
  const codes = new Set(known.flatMap(({ catalogue }) => Object.keys(catalogue)));
  return families
    .flatMap(({ catalogue }) => Object.keys(catalogue))
    .filter((code) => !codes.has(code))
    .map((code) => `apps/cli: \`mill explain\` does not know ${code}: add its family to errorFamilies`);
}

async function exportedFamilies(path: string): Promise<readonly ErrorFamily[]> {
  const exported = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  return Object.entries(exported).flatMap(([name, value]) =>
    name.endsWith("Errors") && isFamily(value) ? [value] : [],
  );
}

function isFamily(value: unknown): value is ErrorFamily {
  if (typeof value !== "object" || value === null) return false;
  const { area, catalogue } = value as Partial<Record<keyof ErrorFamily, unknown>>;
  return typeof area === "string" && typeof catalogue === "object" && catalogue !== null;
}

interface Definition {
  readonly area: string;
  /** `file:line`, for a message. */
  readonly place: string;
}

async function definitionsIn(root: string, folder: string): Promise<readonly Definition[]> {
  const files = (await Array.fromAsync(glob("**/*.ts", { cwd: join(root, folder) }))).toSorted();
  const found = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(root, folder, file), "utf8");
      if (!text.includes("defineErrors")) return [];
      return areasIn(file, text).map(({ area, line }) => ({ area, place: `${folder}/${file}:${line}` }));
    }),
  );
  return found.flat();
}

function areasIn(file: string, text: string): readonly { readonly area: string; readonly line: number }[] {
  const found: { area: string; line: number }[] = [];
  new Visitor({
    CallExpression: ({ callee, arguments: [first], start }) => {
      if (callee.type !== "Identifier" || callee.name !== "defineErrors") return;
      const area = first?.type === "Literal" && typeof first.value === "string" ? first.value : "(not a literal)";
      found.push({ area, line: text.slice(0, start).split("\n").length });
    },
  }).visit(parseSync(file, text).program);
  return found;
}

function sharedCodes(families: readonly ErrorFamily[]): readonly string[] {
  const owners = new Map<string, number>();
  for (const { catalogue } of families)
    for (const code of Object.keys(catalogue)) owners.set(code, (owners.get(code) ?? 0) + 1);
  return [...owners].filter(([, count]) => count > 1).map(([code, count]) => `${code} is defined ${count} times`);
}
