import { execFile } from "node:child_process";
import { chmod, cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { bundle } from "./lib/pack/bundle.ts";
import { declare } from "./lib/pack/declarations.ts";
import { licencesOf } from "./lib/pack/licences.ts";

// `npm run pack`: makes dist/millwright-<version>.tgz, the one package that users install.

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
const stage = join(dist, "package");

/** Installed beside: what has native parts, what `mill check` runs, and what the declarations speak of. */
const BESIDE = ["@duckdb/node-api", "@types/node", "kysely", "typebox", "typescript"];

/** In the tarball as folders of their own: native, and not to be installed by npm, whose install script would download. */
const WITHIN = ["onnxruntime-node", "onnxruntime-common"];

interface PackageFile {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

await rm(stage, { recursive: true, force: true });
await mkdir(stage, { recursive: true });
const workspace = await readPackage("package.json");
const bundled = await bundle({
  root,
  outFolder: join(stage, "lib"),
  entries: { main: "apps/cli/src/main.ts", index: "packages/millwright/src/index.ts" },
  // pg asks for its native part, which it does without.
  external: [...BESIDE, ...WITHIN, "pg-native"],
});
const named = await declare({ root, outFolder: join(stage, "types") });
const unknown = named.filter((name) => !BESIDE.includes(name));
if (unknown.length > 0) throw new Error(`the declarations name ${unknown.join(", ")}, which is not installed beside`);
await writeFile(
  join(stage, "THIRD-PARTY-LICENSES"),
  await licencesOf([...bundled, ...WITHIN.map((name) => join(root, "node_modules", name))]),
);
await copyAsIs();
await copyWithin();
await writeLaunchers();
await writePackageFile();
const { stdout } = await promisify(execFile)("npm", ["pack", "--json", "--pack-destination", dist], { cwd: stage });
const [made] = JSON.parse(stdout) as { filename: string; size: number; unpackedSize: number; entryCount: number }[];
const megabytes = (bytes: number | undefined) => `${((bytes ?? 0) / 1e6).toFixed(1)} MB`;
console.log(
  `dist/${basename(made?.filename ?? "")}: ${megabytes(made?.size)}, ${megabytes(made?.unpackedSize)} unpacked, ${made?.entryCount} files`,
);

async function readPackage(path: string): Promise<PackageFile> {
  return JSON.parse(await readFile(join(root, path), "utf8")) as PackageFile;
}

async function copyAsIs(): Promise<void> {
  for (const file of ["LICENSE", "README.md", "CHANGELOG.md", "docs"])
    if (existsSync(join(root, file))) await cp(join(root, file), join(stage, file), { recursive: true });
  const filter = (path: string) => !["node_modules", ".mill"].includes(basename(path));
  await cp(join(root, "examples", "flights"), join(stage, "templates", "flights"), { recursive: true, filter });
  await cp(join(root, "packages", "project", "templates"), join(stage, "templates"), { recursive: true, filter });
  const console = join(root, "apps", "console");
  await promisify(execFile)(process.execPath, [join(console, "build.ts")]);
  await cp(join(console, "dist"), join(stage, "console"), { recursive: true });
  // Beside the bundle, where the code that starts it looks.
  const python = join(root, "packages", "serving", "src", "python");
  for (const file of await readdir(python))
    if (file.endsWith(".py")) await cp(join(python, file), join(stage, "lib", file));
}

/** Without what runs at an install, what is for other systems, and the second copy of macOS's library. */
async function copyWithin(): Promise<void> {
  const filter = (path: string) =>
    !/[/\\](script|lib|win32)$|\.(map|d\.ts)$|libonnxruntime\.\d+\.\d+\.\d+\.dylib$/.test(path.replace(root, ""));
  for (const name of WITHIN) {
    const [from, to] = [join(root, "node_modules", name), join(stage, "node_modules", name)];
    await cp(from, to, { recursive: true, filter });
    const {
      scripts: _scripts,
      devDependencies: _tools,
      ...kept
    } = (await readPackage(join("node_modules", name, "package.json"))) as PackageFile & { readonly scripts?: object };
    const dependencies = Object.fromEntries(
      Object.entries(kept.dependencies ?? {}).filter(([dependency]) => WITHIN.includes(dependency)),
    );
    await writeFile(join(to, "package.json"), `${JSON.stringify({ ...kept, dependencies }, null, 2)}\n`);
  }
}

/** The clone's own launchers, with the one line changed that says where the program lies. */
async function writeLaunchers(): Promise<void> {
  await mkdir(join(stage, "bin"));
  const mill = await readFile(join(root, "bin", "mill"), "utf8");
  const launcher = mill.replace('"$here/../apps/cli/src/main.ts"', '"$here/../lib/main.js"');
  if (launcher === mill) throw new Error("bin/mill does not start the program as it did");
  await writeFile(join(stage, "bin", "mill"), launcher);
  await cp(join(root, "bin", "node"), join(stage, "bin", "node"));
  for (const name of ["mill", "node"]) await chmod(join(stage, "bin", name), 0o755);
}

async function writePackageFile(): Promise<void> {
  const content = {
    name: "millwright",
    version: workspace.version,
    description: "A machine-learning platform in one program: raw data to a served, monitored model.",
    license: "Apache-2.0",
    type: "module",
    bin: { mill: "bin/mill" },
    exports: {
      ".": { types: "./types/millwright/src/index.d.ts", default: "./lib/index.js" },
      "./package.json": "./package.json",
    },
    engines: { node: ">=20" },
    os: ["linux", "darwin"],
    dependencies: { ...(await versionsOf(BESIDE)), ...(await versionsWithin()) },
    bundleDependencies: WITHIN,
    optionalDependencies: workspace.optionalDependencies,
  };
  await writeFile(join(stage, "package.json"), `${JSON.stringify(content, null, 2)}\n`);
}

async function versionsWithin(): Promise<Readonly<Record<string, string>>> {
  const packages = WITHIN.map(async (name) => [
    name,
    (await readPackage(join("node_modules", name, "package.json"))).version,
  ]);
  return Object.fromEntries(await Promise.all(packages)) as Record<string, string>;
}

/** The versions that the workspace has of some packages, from whichever part of it declares them. */
async function versionsOf(names: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const declaring = [
    "package.json",
    "apps/cli/package.json",
    "apps/server/package.json",
    "packages/platform/package.json",
  ];
  const all: Record<string, string> = {};
  for (const path of declaring) {
    const { dependencies, devDependencies } = await readPackage(path);
    Object.assign(all, devDependencies, dependencies);
  }
  return Object.fromEntries(
    names.map((name) => {
      const version = all[name];
      if (version === undefined || !/^\d/.test(version)) throw new Error(`${name} has no exact version`);
      return [name, version];
    }),
  );
}
