import { glob, readFile, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative } from "node:path";
import { isRecord, recordOf, recordsOf, textOf, textsOf, type Plain } from "./plain.ts";
import { projectFile, readYamlFile } from "./yaml-file.ts";

export interface SourceFile {
  /** Relative to the package's folder, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** One dbt project: the root, or a package that it installs. All its files are read; nothing is rendered yet. */
export interface Package {
  readonly name: string;
  readonly dir: string;
  readonly settings: Plain;
  readonly models: readonly SourceFile[];
  readonly seeds: readonly SourceFile[];
  readonly snapshots: readonly SourceFile[];
  readonly analyses: readonly SourceFile[];
  readonly tests: readonly SourceFile[];
  readonly macros: readonly SourceFile[];
  readonly docs: readonly SourceFile[];
  /** CSV files of `tests/fixtures`. */
  readonly fixtures: readonly SourceFile[];
  /** Parsed, by the path of each. */
  readonly yaml: readonly { readonly path: string; readonly content: Plain }[];
  /** Where each kind of file lies, outermost folder first. */
  readonly folders: ReadonlyMap<string, readonly string[]>;
}

const KINDS: Readonly<Record<string, { readonly setting: string; readonly fallback: string }>> = {
  models: { setting: "model-paths", fallback: "models" },
  seeds: { setting: "seed-paths", fallback: "seeds" },
  snapshots: { setting: "snapshot-paths", fallback: "snapshots" },
  analyses: { setting: "analysis-paths", fallback: "analyses" },
  tests: { setting: "test-paths", fallback: "tests" },
  macros: { setting: "macro-paths", fallback: "macros" },
};

const PACKAGES_MAX = 200;

/** Reads the root project and every package that lies in its folder: local ones by `packages.yml`, installed ones in `dbt_packages`. */
export async function readPackages(projectDir: string): Promise<readonly Package[]> {
  const packages = new Map<string, Package>();
  const queue = [projectDir];
  const seen = new Set<string>();
  for (let dir = queue.shift(); dir !== undefined && packages.size < PACKAGES_MAX; dir = queue.shift()) {
    if (seen.has(dir)) continue;
    seen.add(dir);
    const found = await readPackage(dir, { isRoot: packages.size === 0 });
    const other = packages.get(found.name);
    if (other !== undefined) {
      // What `dbt deps` copied to the install folder is there beside the local folder it came from.
      if (other.dir !== projectDir) continue;
      throw projectFile(`${dir}: the package is called ${found.name}, as the project that installs it`, {
        file: "dbt_project.yml",
      });
    }
    packages.set(found.name, found);
    queue.push(...(await packageFolders(found, projectDir)));
  }
  return [...packages.values()];
}

async function packageFolders(found: Package, projectDir: string): Promise<readonly string[]> {
  const listed = [
    ...recordsOf((await readYamlFile(found.dir, "packages.yml"))["packages"]),
    ...recordsOf((await readYamlFile(found.dir, "dependencies.yml"))["packages"]),
  ];
  const local = listed
    .map(({ local: path }) => path)
    .filter((path): path is string => typeof path === "string")
    .map((path) => join(found.dir, path));
  for (const folder of local) {
    if (await isFile(join(folder, "dbt_project.yml"))) continue;
    throw projectFile(`packages.yml: no dbt project is at ${relative(projectDir, folder) || "."}`, {
      file: "packages.yml",
    });
  }
  if (found.dir !== projectDir) return local;
  const install = textOf(found.settings["packages-install-path"], "dbt_packages");
  const installed = await Array.fromAsync(glob(`${install}/*/dbt_project.yml`, { cwd: found.dir }));
  return [...local, ...installed.toSorted().map((path) => join(found.dir, dirname(path)))];
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function readPackage(dir: string, { isRoot }: { readonly isRoot: boolean }): Promise<Package> {
  const settings = await readYamlFile(dir, "dbt_project.yml");
  const name = textOf(settings["name"], isRoot ? "project" : basename(dir));
  const folders = new Map<string, readonly string[]>();
  for (const [kind, { setting, fallback }] of Object.entries(KINDS)) {
    const given = textsOf(settings[setting]).map((folder) => folder.replace(/\/+$/, ""));
    folders.set(kind, given.length === 0 ? [fallback] : given.map((folder) => insideOf(dir, folder)));
  }
  const read = (kind: string, pattern: string) => readBelow(dir, folders.get(kind) ?? [], pattern);
  const documented = [
    ...new Set(
      ["models", "seeds", "snapshots", "analyses", "tests", "macros"].flatMap((kind) => folders.get(kind) ?? []),
    ),
  ];
  const [models, seeds, snapshots, analyses, tests, macros, fixtures, docs, yaml] = await Promise.all([
    read("models", "**/*.sql"),
    read("seeds", "**/*.csv"),
    read("snapshots", "**/*.sql"),
    read("analyses", "**/*.sql"),
    read("tests", "**/*.sql"),
    read("macros", "**/*.sql"),
    read("tests", "**/*.csv"),
    readBelow(dir, documented, "**/*.md"),
    readYamls(dir, documented),
  ]);
  return { name, dir, settings, folders, models, seeds, snapshots, analyses, tests, macros, fixtures, docs, yaml };
}

/** A folder of a project stays in the project. */
function insideOf(dir: string, folder: string): string {
  const path = relative(dir, join(dir, folder));
  if (isAbsolute(folder) || path.startsWith(".."))
    throw projectFile(`dbt_project.yml: the folder ${folder} lies outside of the project`, { file: "dbt_project.yml" });
  return path;
}

async function readYamls(dir: string, folders: readonly string[]): Promise<Package["yaml"]> {
  const paths = await pathsBelow(dir, folders, "**/*.{yml,yaml}");
  return Promise.all(paths.map(async (path) => ({ path, content: await readYamlFile(dir, path) })));
}

async function readBelow(dir: string, folders: readonly string[], pattern: string): Promise<readonly SourceFile[]> {
  const paths = await pathsBelow(dir, folders, pattern);
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(join(dir, path), "utf8") })));
}

async function pathsBelow(dir: string, folders: readonly string[], pattern: string): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const folder of folders)
    for await (const path of glob(`${folder}/${pattern}`, { cwd: dir })) found.add(path.replaceAll("\\", "/"));
  return [...found].toSorted();
}

/** The folders between a file's kind folder and the file. */
export function foldersOf(from: Package, kind: string, path: string): readonly string[] {
  const root = (from.folders.get(kind) ?? [])
    .filter((folder) => folder === "" || path.startsWith(`${folder}/`))
    .toSorted((a, b) => b.length - a.length)[0];
  const inner = root === undefined ? path : path.slice(root === "" ? 0 : root.length + 1);
  return inner.split("/").slice(0, -1);
}

/** `dispatch:` of the root project: in which packages a macro of a namespace is looked for. */
export function dispatchOrders(root: Package): ReadonlyMap<string, readonly string[]> {
  return new Map(
    recordsOf(root.settings["dispatch"]).map((entry) => [
      textOf(entry["macro_namespace"]),
      textsOf(entry["search_order"]),
    ]),
  );
}

/** The variables as a package's files see them: the command line, then the root's for the package, the root's own, the package's. */
export function varsOf(from: Package, { root, given }: { readonly root: Package; readonly given: Plain }): Plain {
  const plain = (vars: Plain) => vars;
  const rootVars = recordOf(root.settings["vars"]);
  const own = recordOf(from.settings["vars"]);
  const layers = [plain(own), recordOf(own[from.name]), plain(rootVars), recordOf(rootVars[from.name]), given];
  return Object.assign({}, ...layers) as Plain;
}

/** Whether a setting below a resource's key is a folder or name to go down to, not a configuration. */
export function isDeeper(key: string, value: unknown): value is Plain {
  return !key.startsWith("+") && isRecord(value);
}
