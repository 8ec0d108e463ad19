import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { clients, type Client } from "./lib/acceptance/clients.ts";
import { startUp, type Up } from "./lib/acceptance/start-up.ts";

// `npm run acceptance -- NAME [-- arguments of its script]`: another system's own client against `mill up` on a
// throwaway project. The scripts lie in ../shared/acceptance beside the checkout, or where --scripts or
// MILL_ACCEPTANCE_SCRIPTS says.

const root = join(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  options: { scripts: { type: "string" } },
  allowPositionals: true,
});
const [name = "", ...rest] = positionals;
const client = clients[name];
if (client === undefined) {
  console.error(`there is no client ${JSON.stringify(name)}; the clients are:`);
  for (const [known, { summary }] of Object.entries(clients)) console.error(`  ${known.padEnd(14)}  ${summary}`);
  process.exit(2);
}
const folder = resolve(
  values.scripts ?? process.env["MILL_ACCEPTANCE_SCRIPTS"] ?? join(root, "..", "shared", "acceptance"),
);
const script = resolve(folder, client.script);
if (!existsSync(script)) {
  console.error(`no script is at ${script}; say where the scripts are: --scripts DIR or MILL_ACCEPTANCE_SCRIPTS`);
  process.exit(2);
}
process.exitCode = await accept(client);

async function accept(asked: Client): Promise<number> {
  const project = mkdtempSync(join(tmpdir(), "mill-acceptance-"));
  try {
    const up =
      asked.start === undefined
        ? await startUp(join(project, "project"), asked.settings)
        : await asked.start({ folder: project, python: preparePython(asked.packages).program, script });
    try {
      const missing = await asked.missing(up);
      if (missing !== undefined) {
        console.log(`not spoken yet  ${name}: ${missing}`);
        return 1;
      }
      return await runScript(asked, up);
    } finally {
      await up.end();
    }
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

interface Runtime {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
}

async function runScript(asked: Client, up: Up): Promise<number> {
  const { program, environment } = asked.runtime === "java" ? prepareJava() : preparePython(asked.packages);
  const child = spawn(program, [script, ...(asked.arguments?.(up) ?? []), ...rest], {
    stdio: "inherit",
    env: { ...process.env, ...environment, ...prepareJars(asked.jars ?? []), ...asked.environment(up) },
  });
  return new Promise((done) => child.once("close", (code) => done(code ?? 1)));
}

/** The client's packages in .venv-acceptance, which is made when it isn't there. */
function preparePython(packages: readonly string[]): Runtime {
  const venv = join(root, ".venv-acceptance");
  const python = join(venv, "bin", "python");
  if (!existsSync(python)) mustRun("python3", ["-m", "venv", venv]);
  if (packages.length > 0) mustRun(python, ["-m", "pip", "install", "--quiet", ...packages]);
  return { program: python, environment: {} };
}

/** The jars that the pom.xml beside the script names, from Maven, kept in .venv-acceptance. */
function prepareJava(): Runtime {
  const name = basename(dirname(script));
  const jars = join(root, ".venv-acceptance", name);
  const done = join(jars, ".done");
  if (!existsSync(done)) {
    const pom = join(dirname(script), "pom.xml");
    const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${jars}`];
    mustRun("mvn", ["-q", "-B", "-f", pom, ...goal]);
    writeFileSync(done, "");
  }
  return { program: "bash", environment: { LIB: jars, REPORT: join(tmpdir(), `mill-${name}-report`) } };
}

/** Jars from Maven by their coordinates, kept in .venv-acceptance; their paths in $JARS, with commas between. */
function prepareJars(coordinates: readonly string[]): Readonly<Record<string, string>> {
  if (coordinates.length === 0) return {};
  const folder = join(root, ".venv-acceptance", "jars");
  const paths = coordinates.map((one) => {
    const [, artifact = "", version = ""] = one.split(":");
    const path = join(folder, `${artifact}-${version}.jar`);
    if (!existsSync(path))
      mustRun("mvn", ["-q", "-B", "dependency:copy", `-Dartifact=${one}`, `-DoutputDirectory=${folder}`]);
    return path;
  });
  return { JARS: paths.join(",") };
}

function mustRun(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(" ")} ended with ${status}`);
}
