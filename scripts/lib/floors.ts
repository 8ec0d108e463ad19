import { glob, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

interface PackageFile {
  readonly name: string;
  readonly folder: string;
  readonly floor: number | "top" | "beside" | undefined;
  readonly dependencies: ReadonlySet<string>;
}

/**
 * Holds the house's floors: a package imports only packages of a smaller floor, only through `.`, and only what its
 * package.json declares; `./adapters/*` and other inner parts are for apps and tests. Returns what breaks a rule.
 */
export async function floorFaults(root: string): Promise<readonly string[]> {
  const packages = await readPackages(root);
  const byName = new Map(packages.map((found) => [found.name, found]));
  const faults: string[] = [];
  for (const from of packages) {
    for (const file of await sourcesOf(join(root, from.folder))) {
      const text = await readFile(join(root, from.folder, file), "utf8");
      for (const specifier of importsIn(text)) {
        const fault = faultOf({ from, file, specifier, byName });
        if (fault !== undefined) faults.push(`${from.folder}/${file}: ${fault}`);
      }
    }
  }
  return faults;
}

async function readPackages(root: string): Promise<readonly PackageFile[]> {
  const paths = await Array.fromAsync(glob("{packages,apps}/*/package.json", { cwd: root }));
  return Promise.all(
    paths.toSorted().map(async (path) => {
      const content = JSON.parse(await readFile(join(root, path), "utf8")) as {
        name: string;
        millwright?: { floor: PackageFile["floor"] };
        dependencies?: Record<string, string>;
        devDependencies?: Record<string, string>;
      };
      const dependencies = new Set(Object.keys({ ...content.dependencies, ...content.devDependencies }));
      return { name: content.name, folder: dirname(path), floor: content.millwright?.floor, dependencies };
    }),
  );
}

async function sourcesOf(folder: string): Promise<readonly string[]> {
  const files = await Array.fromAsync(glob("{src,test}/**/*.{ts,tsx}", { cwd: folder }));
  return files.toSorted();
}

function importsIn(text: string): readonly string[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s[^;"']*?from\s+"([^"]+)"|import\("([^"]+)"\)|(?:^|\n)import\s+"([^"]+)"/g;
  return [...text.matchAll(pattern)].map(([, from, dynamic, bare]) => from ?? dynamic ?? bare ?? "");
}

interface Import {
  readonly from: PackageFile;
  readonly file: string;
  readonly specifier: string;
  readonly byName: ReadonlyMap<string, PackageFile>;
}

function faultOf({ from, file, specifier, byName }: Import): string | undefined {
  if (specifier.startsWith(".")) return specifier.includes("../../packages/") ? `reaches into ${specifier}` : undefined;
  const name = specifier.startsWith("@") ? specifier.split("/").slice(0, 2).join("/") : (specifier.split("/")[0] ?? "");
  const target = byName.get(name);
  if (target === undefined) return undefined;
  const isTest = file.startsWith("test/") || basename(file) === "testing.ts";
  if (specifier !== name && from.floor !== "top" && !isTest) return `imports ${specifier}, an inner part of ${name}`;
  if (!from.dependencies.has(name)) return `imports ${name}, which its package.json does not declare`;
  return rises(from, target) ? `is on floor ${from.floor} and imports ${name} on floor ${target.floor}` : undefined;
}

function rises(from: PackageFile, target: PackageFile): boolean {
  if (from.floor === "top" || target.floor === "beside") return false;
  if (from.floor === "beside") return true;
  return typeof from.floor !== "number" || typeof target.floor !== "number" || target.floor >= from.floor;
}
