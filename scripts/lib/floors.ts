import { glob, readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { importsOf } from "./imports.ts";

/** A workspace package, or one of the workshop's folders (`scripts`, `e2e`, `benchmarks`), which has the root's package.json. */
interface House {
  readonly kind: "package" | "scripts" | "e2e" | "benchmarks";
  readonly name: string;
  readonly folder: string;
  readonly floor: number | "top" | "beside" | undefined;
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
}

interface PackageFile {
  readonly name: string;
  readonly millwright?: { readonly floor: House["floor"] };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

interface Surroundings {
  readonly root: string;
  readonly byName: ReadonlyMap<string, House>;
  /** Third-party tools of the root's package.json, which every test may use. */
  readonly tools: ReadonlySet<string>;
}

/**
 * Holds the house's floors. A package imports only packages of a smaller floor, only through its doors, only what its
 * package.json declares (its tests also its development dependencies and the root's), and by no relative path out of
 * its folder; inner parts such as `./adapters/*` are for apps, tests and benchmarks. `scripts` imports what the root declares,
 * `e2e` no package of ours. Returns what breaks a rule, as `file:line: what`.
 */
export async function floorFaults(root: string): Promise<readonly string[]> {
  const packages = await readPackages(root);
  const workshop = await readWorkshop(root);
  const byName = new Map(packages.map((found) => [found.name, found]));
  const tools = new Set([...(workshop[0]?.devDependencies ?? [])].filter((name) => !byName.has(name)));
  const houses = [...packages, ...workshop];
  const faults = await Promise.all(houses.map((from) => faultsOf(from, { root, byName, tools })));
  return faults.flat();
}

async function readPackages(root: string): Promise<readonly House[]> {
  const paths = await Array.fromAsync(glob("{packages,apps}/*/package.json", { cwd: root }));
  return Promise.all(
    paths.toSorted().map(async (path) => {
      const { name, millwright, ...declared } = await readPackageFile(join(root, path));
      return { kind: "package", name, folder: dirname(path), floor: millwright?.floor, ...namesIn(declared) };
    }),
  );
}

async function readWorkshop(root: string): Promise<readonly House[]> {
  const declared = namesIn(await readPackageFile(join(root, "package.json")));
  return (["scripts", "e2e", "benchmarks"] as const).map((kind) => ({
    kind,
    name: kind,
    folder: kind,
    floor: "top",
    ...declared,
  }));
}

async function readPackageFile(path: string): Promise<PackageFile> {
  return JSON.parse(await readFile(path, "utf8")) as PackageFile;
}

function namesIn(file: Omit<PackageFile, "name">): Pick<House, "dependencies" | "devDependencies"> {
  const { dependencies, optionalDependencies, peerDependencies, devDependencies } = file;
  return {
    dependencies: new Set(Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })),
    devDependencies: new Set(Object.keys(devDependencies ?? {})),
  };
}

async function faultsOf(from: House, surroundings: Surroundings): Promise<readonly string[]> {
  const cwd = join(surroundings.root, from.folder);
  const pattern = from.kind === "package" ? ["{src,test}/**/*.{ts,tsx}", "*.{ts,tsx}"] : "**/*.{ts,tsx}";
  const files = (await Array.fromAsync(glob(pattern, { cwd }))).toSorted();
  const faults = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(cwd, file), "utf8");
      return faultsIn({ from, file, text, surroundings }).map((fault) => `${from.folder}/${file}:${fault}`);
    }),
  );
  return faults.flat();
}

interface SourceFile {
  readonly from: House;
  readonly file: string;
  readonly text: string;
  readonly surroundings: Surroundings;
}

function faultsIn({ from, file, text, surroundings }: SourceFile): readonly string[] {
  try {
    return importsOf(file, text).flatMap(({ specifier, line }) => {
      const fault = faultOf({ from, file, specifier, surroundings });
      return fault === undefined ? [] : [`${line}: ${fault}`];
    });
  } catch (error) {
    return [`1: ${error instanceof Error ? error.message : String(error)}`];
  }
}

interface Import {
  readonly from: House;
  readonly file: string;
  readonly specifier: string;
  readonly surroundings: Surroundings;
}

function faultOf(asked: Import): string | undefined {
  const { specifier, surroundings } = asked;
  if (specifier.startsWith("#") || specifier.startsWith("node:")) return undefined;
  if (isBuiltin(specifier)) return `imports ${specifier}: write node:${specifier}`;
  if (/^(?:\/|file:)/.test(specifier)) return `imports ${specifier}, a path of this machine`;
  if (specifier.startsWith(".")) return reachesOut(asked) ? `reaches out of its folder by ${specifier}` : undefined;
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  const target = surroundings.byName.get(name);
  return target === undefined ? thirdPartyFault(asked, name) : ownFault(asked, target);
}

/** A package keeps to its folder; the workshop may reach around itself, but into no workspace. */
function reachesOut({ from, file, specifier, surroundings: { root } }: Import): boolean {
  const target = resolve(root, from.folder, dirname(file), specifier);
  // What stands the product up for black-box tests imports no package of it, so any test may use it.
  if (isTest(from, file) && target.startsWith(join(root, "e2e", "support", sep))) return false;
  if (from.kind === "package") return relative(join(root, from.folder), target).startsWith("..");
  return ["packages", "apps", "examples", ".."].includes(relative(root, target).split(sep)[0] ?? "");
}

function isTest(from: House, file: string): boolean {
  return from.kind !== "package" || file.startsWith(`test${sep}`) || basename(file) === "testing.ts";
}

function thirdPartyFault({ from, file, surroundings: { tools } }: Import, name: string): string | undefined {
  if (from.dependencies.has(name)) return undefined;
  if (isTest(from, file) && (from.devDependencies.has(name) || tools.has(name))) return undefined;
  return from.devDependencies.has(name)
    ? `imports ${name}, which its package.json declares for development only`
    : `imports ${name}, which its package.json does not declare`;
}

/** `.`, and what definitions (ADR 11) and the serving process (ADR 26) need without all else. */
const DOORS = ["", "/define", "/serving"];

function ownFault({ from, file, specifier }: Import, target: House): string | undefined {
  const { name } = target;
  if (from.kind === "e2e") return `imports ${name}: e2e uses the product from outside and imports no package of it`;
  // A benchmark compares adapters.
  const mayReachIn =
    from.kind === "benchmarks" || (from.kind === "package" && (from.floor === "top" || isTest(from, file)));
  const isDoor = DOORS.some((door) => specifier === `${name}${door}`);
  if (!isDoor && !mayReachIn) return `imports ${specifier}, an inner part of ${name}`;
  if (!from.dependencies.has(name) && !(isTest(from, file) && from.devDependencies.has(name)))
    return `imports ${name}, which its package.json does not declare`;
  return rises(from, target) ? `is on floor ${from.floor} and imports ${name} on floor ${target.floor}` : undefined;
}

function rises(from: House, target: House): boolean {
  if (from.floor === "top" || target.floor === "beside") return false;
  if (from.floor === "beside") return true;
  return typeof from.floor !== "number" || typeof target.floor !== "number" || target.floor >= from.floor;
}
