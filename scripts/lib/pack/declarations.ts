import { execFile } from "node:child_process";
import { glob, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";

/**
 * Writes the declarations of the public package and of all that it speaks of, `<package>/src/*.d.ts` in one folder, with
 * the workspace's names made into paths: a name that no longer resolves would turn into `any` without a word.
 * Returns the third-party packages that the declarations name.
 */
export async function declare({
  root,
  outFolder,
}: {
  readonly root: string;
  readonly outFolder: string;
}): Promise<readonly string[]> {
  await rm(outFolder, { recursive: true, force: true });
  const config = join(root, "packages", `tsconfig.pack-${process.pid}.json`);
  await writeFile(config, JSON.stringify(compilerConfig(outFolder)));
  try {
    await promisify(execFile)(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", config]);
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    throw new Error(`the declarations could not be made: ${stdout ?? String(error)}`, { cause: error });
  } finally {
    await rm(config, { force: true });
  }
  const third = new Set<string>();
  const kept = await rewriteReachable(outFolder, join("millwright", "src", "index.d.ts"), third);
  for await (const file of glob("**/*.d.ts", { cwd: outFolder })) if (!kept.has(file)) await rm(join(outFolder, file));
  return [...third].toSorted();
}

/** Follows the imports from one file on. The emitted file of a module that is reached is made to name others by path. */
async function rewriteReachable(folder: string, first: string, third: Set<string>): Promise<ReadonlySet<string>> {
  const reached = new Set([first]);
  for (const file of reached) {
    const { text, paths } = rewrite(await readFile(join(folder, file), "utf8"), { file, third });
    await writeFile(join(folder, file), text);
    for (const path of paths) reached.add(join(dirname(file), path.replace(/\.js$/, ".d.ts")));
  }
  return reached;
}

function compilerConfig(outFolder: string): object {
  return {
    extends: "../tsconfig.json",
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      allowImportingTsExtensions: true,
      rootDir: ".",
      outDir: outFolder,
    },
    include: ["*/src"],
    exclude: [],
  };
}

const SPECIFIER = /(\bfrom\s+|\bimport\(|\bimport\s+)"([^"]+)"/g;

function rewrite(
  text: string,
  { file, third }: { readonly file: string; readonly third: Set<string> },
): { readonly text: string; readonly paths: readonly string[] } {
  const paths: string[] = [];
  const rewritten = text.replaceAll(SPECIFIER, (_whole, lead: string, specifier: string) => {
    const path = specifier.startsWith(".") ? specifier.replace(/\.ts$/, ".js") : workspacePath(specifier, file);
    if (path !== undefined) paths.push(path);
    else if (!specifier.startsWith("node:")) third.add(packageName(specifier));
    return `${lead}"${path ?? specifier}"`;
  });
  return { text: rewritten, paths };
}

function workspacePath(specifier: string, file: string): string | undefined {
  if (!specifier.startsWith("@millwright/")) return undefined;
  const [, name, door = "index"] = /^@millwright\/([^/]+)(?:\/(define))?$/.exec(specifier) ?? [];
  if (name === undefined) throw new Error(`${file} names ${specifier}, which has no declarations`);
  const path = relative(dirname(file), join(name, "src", `${door}.js`));
  return path.startsWith(".") ? path : `./${path}`;
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
