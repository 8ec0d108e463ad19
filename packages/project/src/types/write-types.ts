import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemIds } from "@millwright/kernel";

/** How the project's compiler finds `millwright`: from this clone, or as installed beside the project. */
export interface TypePaths {
  /** Absolute path of the public module's types; absent when `millwright` is installed in the project. */
  readonly millwright?: string;
  /** Folder in which `@types/node` lies; the public types speak of a few of Node's. */
  readonly typeRoots?: string;
  /** For completion. */
  readonly names: DefinitionNames;
}

/** The names of a project's things by kind, as `.mill/generated/names.json` keeps them. */
export type DefinitionNames = Readonly<
  Record<"table" | "model" | "feature" | "service" | "monitor", readonly string[]>
>;

export interface WrittenTypes {
  readonly typesFile: string;
  readonly changed: boolean;
}

/** Writes `.mill/generated/types.d.ts` and `.mill/tsconfig.json` when they differ from what is there. */
export async function writeTypes(projectDir: string, types: string, paths: TypePaths): Promise<WrittenTypes> {
  const typesFile = join(projectDir, ".mill", "generated", "types.d.ts");
  const changed = await replaceWhenDifferent(typesFile, types);
  await replaceWhenDifferent(join(projectDir, ".mill", "tsconfig.json"), renderTsconfig(paths));
  const names = `${JSON.stringify(paths.names)}\n`;
  await replaceWhenDifferent(join(projectDir, ".mill", "generated", "names.json"), names);
  return { typesFile, changed };
}

/** True when the generated types on disk are the given ones. */
export async function typesAreFresh(projectDir: string, types: string): Promise<boolean> {
  const present = await readFile(join(projectDir, ".mill", "generated", "types.d.ts"), "utf8").catch(() => "");
  return present === types;
}

function renderTsconfig({ millwright, typeRoots }: TypePaths): string {
  const config = {
    compilerOptions: {
      target: "esnext",
      module: "nodenext",
      moduleResolution: "nodenext",
      lib: ["esnext"],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      erasableSyntaxOnly: true,
      // What was checked once and has not changed is not checked again.
      incremental: true,
      tsBuildInfoFile: "./generated/checked.tsbuildinfo",
      verbatimModuleSyntax: true,
      types: typeRoots === undefined ? [] : ["node"],
      ...(typeRoots === undefined ? {} : { typeRoots: [typeRoots] }),
      ...(millwright === undefined ? {} : { paths: { millwright: [millwright] } }),
    },
    include: ["../*.ts", ...DEFINITION_GLOBS, "./generated/types.d.ts"],
    exclude: ["../node_modules"],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

const DEFINITION_GLOBS = [
  "sources",
  "checks",
  "features",
  "training",
  "services",
  "monitors",
  "pipelines",
  "app",
  "tests",
].map((folder) => `../${folder}/**/*.ts`);

async function replaceWhenDifferent(path: string, text: string): Promise<boolean> {
  const present = await readFile(path, "utf8").catch(() => undefined);
  if (present === text) return false;
  await mkdir(dirname(path), { recursive: true });
  // A name of its own: a run and a save may renew the types at the same moment.
  const scratch = `${path}.${systemIds()}.tmp`;
  await writeFile(scratch, text);
  await rename(scratch, path);
  return true;
}
