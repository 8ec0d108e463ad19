import { join } from "node:path";
import { transformationErrors } from "../errors.ts";
import { recordOf, textOf, type Plain } from "./plain.ts";
import { readYamlFile } from "./yaml-file.ts";

/** Where models are built, as `target` tells templates. */
export interface Target {
  readonly profile: string;
  readonly name: string;
  readonly type: string;
  readonly schema: string;
  /** The database file, relative to the working folder, or `:memory:`. */
  readonly path: string;
  readonly database: string;
  readonly threads: number;
  /** All that the profile says of it, but secrets. */
  readonly settings: Plain;
}

interface ProfileOptions {
  readonly profilesDir: string;
  readonly profile: string;
  readonly target: string | undefined;
  /** Renders the texts of the file: `env_var` is known in it. */
  readonly render: (value: unknown, path: string) => unknown;
}

/** Reads the target from `profiles.yml`; without such a file it is a database in memory. Throws `transformation/profile`. */
export async function readTarget({ profilesDir, profile, target, render }: ProfileOptions): Promise<Target> {
  const file = await readYamlFile(profilesDir, "profiles.yml");
  if (Object.keys(file).length === 0) return { ...IN_MEMORY, profile };
  const found = recordOf(file[profile]);
  const outputs = recordOf(found["outputs"]);
  const name = target ?? textOf(render(found["target"], "profiles.yml"), "default");
  if (!Object.hasOwn(file, profile)) throw wrong(`profiles.yml has no profile ${profile}`);
  if (!Object.hasOwn(outputs, name))
    throw wrong(
      `The profile '${profile}' does not have a target named '${name}'. There are: ${Object.keys(outputs).join(", ")}`,
    );
  const settings = recordOf(render(outputs[name], "profiles.yml"));
  const type = textOf(settings["type"]);
  if (type !== "duckdb") throw wrong(`the target ${name} is of the type ${type || "(none)"}; duckdb is spoken here`);
  const path = textOf(settings["path"], ":memory:");
  return {
    profile,
    name,
    type,
    schema: textOf(settings["schema"], "main"),
    path: path === ":memory:" ? path : join(path),
    database: textOf(settings["database"], databaseName(path)),
    threads: Number(settings["threads"] ?? 1),
    settings,
  };
}

const IN_MEMORY: Target = {
  profile: "",
  name: "dev",
  type: "duckdb",
  schema: "main",
  path: ":memory:",
  database: "memory",
  threads: 1,
  settings: { type: "duckdb" },
};

/** As DuckDB names a database: by its file, without the ending. */
function databaseName(path: string): string {
  if (path === ":memory:") return "memory";
  const file = path.split(/[\\/]/).at(-1) ?? path;
  return file.replace(/\.[^.]*$/, "");
}

function wrong(because: string): Error {
  return transformationErrors.create("transformation/profile", { because, where: { file: "profiles.yml" } });
}
