import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { projectErrors } from "./errors.ts";

export interface InitOptions {
  readonly targetDir: string;
  readonly template: string;
  /** Folders to copy, by the template's name. */
  readonly templates: Readonly<Record<string, string>>;
  /** Where `millwright` is installed as a package; the new project installs it from the same place. */
  readonly packageFolder?: string | undefined;
}

export interface InitResult {
  readonly projectDir: string;
  readonly name: string;
  readonly template: string;
  readonly files: readonly string[];
  /** Packages that the project's data or code come from, `name@version`, to be installed in its folder. */
  readonly packages: readonly string[];
}

/** Makes a new project folder from a template. The folder must be absent or empty: nothing of the user's is overwritten. */
export async function initProject({ targetDir, template, templates, packageFolder }: InitOptions): Promise<InitResult> {
  const source = templateFolder(templates, template);
  const folder = await newProjectFolder(targetDir);
  const { projectDir, name } = folder;
  await mkdir(projectDir, { recursive: true });
  await cp(source, projectDir, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) });
  if (NAMELESS.has(template)) await nameProject(projectDir, name);
  return { ...(await finishProject(folder, { packageFolder })), template };
}

export interface NewProjectFolder {
  readonly projectDir: string;
  readonly name: string;
}

/** Where a new project is to be, and its name. Throws `project/exists` for a folder that holds anything. */
export async function newProjectFolder(targetDir: string): Promise<NewProjectFolder> {
  const projectDir = resolve(targetDir);
  const present = await readdir(projectDir).catch(() => []);
  if (present.length > 0) {
    throw projectErrors.create("project/exists", { because: `${projectDir} holds ${present.length} files` });
  }
  return { projectDir, name: projectName(projectDir) };
}

/** Writes what every new project has beside its own files, and lists them all. */
export async function finishProject(
  { projectDir, name }: NewProjectFolder,
  { packageFolder }: Pick<InitOptions, "packageFolder">,
): Promise<Omit<InitResult, "template">> {
  const millwright = packageFolder === undefined ? undefined : await installedFrom(packageFolder, projectDir);
  const packages = await writePackageFile(projectDir, { name, millwright });
  await writeFile(join(projectDir, ".gitignore"), "node_modules/\n.mill/\n");
  const files = await readdir(projectDir, { recursive: true, withFileTypes: true });
  return {
    projectDir,
    name,
    files: files
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name))
      .toSorted(),
    packages,
  };
}

/** Templates that take the new project's name. */
const NAMELESS = new Set(["csv", "empty"]);
const LEFT_OUT = new Set(["node_modules", ".mill"]);

function templateFolder(templates: InitOptions["templates"], template: string): string {
  const folder = Object.hasOwn(templates, template) ? templates[template] : undefined;
  if (folder !== undefined) return folder;
  throw projectErrors.create("project/unknown-template", {
    because: `${template} is none of ${Object.keys(templates).join(", ")}`,
  });
}

/**
 * From where a new project is to install `millwright`: what the folder says that has it installed, a file's path made
 * relative to the project. Undefined when no folder says it.
 */
async function installedFrom(packageFolder: string, projectDir: string): Promise<string | undefined> {
  const owner = dirname(dirname(packageFolder));
  const text = await readFile(join(owner, "package.json"), "utf8").catch(() => "{}");
  const spec = (JSON.parse(text) as { dependencies?: Record<string, string> }).dependencies?.["millwright"];
  if (spec === undefined || !spec.startsWith("file:")) return spec;
  return `file:${relative(projectDir, resolve(owner, spec.slice("file:".length)))}`;
}

/**
 * The template's package file. In a clone it leaves `millwright` out, which the clone's own launcher stands for: what is
 * left installs from the registry alone.
 */
async function writePackageFile(
  projectDir: string,
  { name, millwright }: { readonly name: string; readonly millwright: string | undefined },
): Promise<readonly string[]> {
  const path = join(projectDir, "package.json");
  const text = await readFile(path, "utf8").catch(() => "{}");
  const { dependencies = {}, description } = JSON.parse(text) as {
    dependencies?: Record<string, string>;
    description?: string;
  };
  const others = Object.entries(dependencies).filter(([key]) => key !== "millwright");
  const kept = Object.fromEntries([
    ...(millwright === undefined ? [] : [["millwright", millwright] as const]),
    ...others,
  ]);
  const content = {
    name,
    private: true,
    ...(description === undefined ? {} : { description }),
    type: "module",
    dependencies: kept,
  };
  await writeFile(path, `${JSON.stringify(content, null, 2)}\n`);
  return Object.entries(kept).map(([key, version]) => `${key}@${version}`);
}

async function nameProject(projectDir: string, name: string): Promise<void> {
  for (const file of ["millwright.ts", "dbt_project.yml", "README.md"]) {
    const path = join(projectDir, file);
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replaceAll("my_project", name.replaceAll("-", "_")));
  }
}

function projectName(projectDir: string): string {
  const name = basename(projectDir)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  return name === "" ? "project" : name;
}
