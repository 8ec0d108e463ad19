import { access, rm, statfs } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { isMillError, Type, type MillError } from "@millwright/kernel";
import { acquireProjectLock, explainError, textTable, type Command, type CommandCall } from "@millwright/platform";
import { loadProject, type ProjectPython } from "@millwright/project";
import {
  askMetadata,
  installation,
  projectEnvironment,
  removeMetadata,
  statePaths,
  verifyState,
  type StateFinding,
} from "@millwright/server";
import { errorFamilies } from "./error-families.ts";
import { bytes } from "./format.ts";
import { projectDirOf } from "./hold-project.ts";

const doctor: Command = {
  name: "doctor",
  summary: "what is wrong on this machine",
  arguments: [],
  options: { verify: { summary: "also whether every file of the project's state is as it was written" } },
  example: "mill doctor --verify",
  output: Type.Array(
    Type.Object({
      what: Type.String(),
      found: Type.String(),
      holds: Type.Boolean(),
      not: Type.Optional(Type.String({ description: "What is wrong, where it does not hold." })),
    }),
  ),
  handler: async (call) => {
    const disk = await statfs(".");
    const freeBytes = disk.bavail * disk.bsize;
    const checks: StateFinding[] = [
      { what: "runtime", found: process.version, holds: Number(process.versions.node.split(".")[0]) >= 26 },
      {
        what: "platform",
        found: `${process.platform} ${process.arch}`,
        holds: process.platform === "linux" || process.platform === "darwin",
      },
      { what: "cores", found: String(availableParallelism()), holds: true },
      { what: "memory", found: bytes(totalmem()), holds: totalmem() > 3e9 },
      { what: "free disk", found: bytes(freeBytes), holds: freeBytes > 2e9 },
      await sqlEngine(),
      ...(await ofProject(call)),
      ...(call.options["verify"] === true ? await stateOf(call) : []),
    ];
    call.out.result(checks, (all) =>
      textTable(
        ["", "found", ""],
        all.map(({ what, found, holds, not }) => [
          what,
          found,
          holds ? "good" : (not ?? "too little or not supported"),
        ]),
      ),
    );
    return checks.every(({ holds }) => holds) ? 0 : 1;
  },
};

/** The project's files against their checksums; it takes as long as to read them. */
async function stateOf(call: CommandCall): Promise<readonly StateFinding[]> {
  const projectDir = await projectDirOf(call);
  const { settings } = await loadProject({ projectDir, millwrightUrl: installation().millwrightUrl });
  let told = "";
  call.out.working(() => told);
  try {
    return await verifyState(settings, statePaths(projectDir), ({ message, done = 0, total = 0 }) => {
      told = `${message}: ${done} of ${total}`;
    });
  } finally {
    call.out.working(undefined);
  }
}

/** What the project at hand needs of this machine, if there is one: its metadata's database, and its Python. */
async function ofProject(call: CommandCall): Promise<readonly StateFinding[]> {
  try {
    const projectDir = await projectDirOf(call);
    const { settings } = await loadProject({ projectDir, millwrightUrl: installation().millwrightUrl });
    return [
      await asked("metadata", async () => (await askMetadata(settings, process.env)) ?? "SQLite, in .mill"),
      await asked("Python", () => pythonOf(settings.python, projectDir)),
    ];
  } catch (error) {
    if (!isMillError(error)) throw error;
    if (error.code !== "project/not-found" || call.options["project"] !== undefined) return [wrong("project", error)];
    return [await asked("Python", () => pythonOf(undefined, "."))];
  }
}

async function asked(what: string, find: () => Promise<string>): Promise<StateFinding> {
  try {
    return { what, found: await find(), holds: true };
  } catch (error) {
    if (!isMillError(error)) throw error;
    return wrong(what, error);
  }
}

function wrong(what: string, { because, code, remedy }: MillError): StateFinding {
  return { what, found: because, holds: false, not: `${code}: ${remedy}` };
}

/** Where models run that need it; a project that asks for none does without. */
function pythonOf(python: ProjectPython | undefined, projectDir: string): Promise<string> {
  const found = projectEnvironment({ projectDir, python: python ?? {}, path: process.env["PATH"] ?? "" }).describe();
  if (python !== undefined) return found;
  return found.catch(() => "none on the path; models in Python alone need it");
}

async function sqlEngine(): Promise<StateFinding> {
  try {
    const { version } = await import("@duckdb/node-api");
    return { what: "SQL engine", found: `DuckDB ${version()}`, holds: true };
  } catch (error) {
    return {
      what: "SQL engine",
      found: error instanceof Error ? (error.message.split("\n")[0] ?? "") : "",
      holds: false,
    };
  }
}

const explain: Command = {
  name: "explain",
  summary: "an error's meaning, remedy and example",
  arguments: ["[CODE]"],
  options: {},
  example: "mill explain project/not-found",
  output: Type.Union([
    Type.Array(Type.Object({ code: Type.String(), title: Type.String() }), { description: "Without a code." }),
    Type.Object({
      code: Type.String(),
      status: Type.Integer(),
      title: Type.String(),
      remedy: Type.String(),
      example: Type.Optional(Type.String()),
      exit: Type.Optional(Type.Integer()),
    }),
  ]),
  handler: (call) => {
    const [code] = call.arguments;
    if (code === undefined) {
      const all = errorFamilies.flatMap(({ catalogue }) =>
        Object.entries(catalogue).map(([name, spec]) => ({ code: name, title: spec.title })),
      );
      call.out.result(all, (errors) =>
        textTable(
          ["code", "meaning"],
          errors.map(({ code: name, title }) => [name, title]),
        ),
      );
    } else {
      call.out.result(explainError(code, errorFamilies), ({ title, remedy, example }) =>
        [title, `  remedy   ${remedy}`, ...(example === undefined ? [] : [`  example  ${example}`])].join("\n"),
      );
    }
    return Promise.resolve(0);
  },
};

const clean: Command = {
  name: "clean",
  summary: "remove the project's state (.mill); its files stay",
  arguments: [],
  options: {},
  example: "mill clean",
  output: Type.Object({ removed: Type.Union([Type.String(), Type.Null()], { description: "The folder removed." }) }),
  handler: async (call) => {
    const projectDir = await projectDirOf(call);
    const paths = statePaths(projectDir);
    const { root } = paths;
    const present = await isThere(root);
    if (present) {
      acquireProjectLock(root).release();
      if (await isThere(paths.idFile)) {
        // Its metadata lies outside the project.
        const { settings } = await loadProject({ projectDir, millwrightUrl: installation().millwrightUrl });
        await removeMetadata(settings, paths, process.env);
      }
      await rm(root, { recursive: true, force: true });
    }
    call.out.result({ removed: present ? root : null }, ({ removed }) =>
      removed === null ? "there was nothing to remove" : `removed ${removed}`,
    );
    return 0;
  },
};

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

export const houseCommands: readonly Command[] = [doctor, explain, clean];
