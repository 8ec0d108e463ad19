import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { edit, shrinkFlights } from "./support/project.ts";

// The package as a user has it: installed from the tarball, outside the clone, with nothing in the home folder.

const root = join(import.meta.dirname, "..");
const work = mkdtempSync(join(tmpdir(), "mill-pack-"));
const npmVersions = inject("full") ? ["10.9.9", "11.19.1", "12.2.0"] : ["the host's"];
let tarball: string;

beforeAll(() => {
  execFileSync(join(root, "bin", "node"), ["scripts/pack.ts"], { cwd: root });
  const dist = join(root, "dist");
  tarball = join(dist, readdirSync(dist).find((file) => file.endsWith(".tgz")) ?? "no tarball");
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const TWICE = `
class Model:
    inputs = {"x": ("FP64", [-1])}
    outputs = {"y": ("FP64", [-1])}

    def predict(self, inputs):
        return {"y": inputs["x"] * 2}
`;

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Place {
  readonly folder: string;
  readonly path: string;
}

/** Runs a program as someone would who has but the host's Node and npm, and an empty home. */
function run({ folder, path }: Place, [program, ...args]: readonly [string, ...string[]]): Ran {
  const home = join(work, "home");
  mkdirSync(home, { recursive: true });
  const registry = Object.entries(process.env).filter(([name]) => /^npm_config_(registry|cafile)$/i.test(name));
  const env = { PATH: path, HOME: home, ...Object.fromEntries(registry), npm_config_cache: npmCache() };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8", env });
  return { code: status, stdout, stderr };
}

/** Downloads are shared between cases; nothing else of the machine is. */
function npmCache(): string {
  return execFileSync("npm", ["config", "get", "cache"], { encoding: "utf8", env: hostEnvironment() }).trim();
}

/** Without the pinned runtime that the tests themselves run on. */
function hostPath(): string {
  const parts = (process.env["PATH"] ?? "").split(":");
  return parts.filter((part) => !part.startsWith(root)).join(":");
}

function hostEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: hostPath() };
}

function placeFor(version: string): Place {
  const folder = join(work, version.replaceAll(/\W/g, "-"));
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "name": "team", "private": true }\n');
  if (version === "the host's") return { folder, path: hostPath() };
  const npm = join(work, `npm-${version}`);
  execFileSync("npm", ["install", "--prefix", npm, "--silent", "--no-save", `npm@${version}`], {
    env: hostEnvironment(),
  });
  return { folder, path: `${join(npm, "node_modules", ".bin")}:${hostPath()}` };
}

function succeed(place: Place, command: readonly [string, ...string[]]): Ran {
  const ran = run(place, command);
  if (ran.code !== 0) throw new Error(`${command.join(" ")} ended with ${ran.code}:\n${ran.stdout}\n${ran.stderr}`);
  return ran;
}

describe.each(npmVersions)("installed by npm %s", (version) => {
  let team: Place;
  let project: Place;

  beforeAll(() => {
    team = placeFor(version);
    if (version !== "the host's") expect(succeed(team, ["npm", "--version"]).stdout.trim()).toBe(version);
    succeed(team, ["npm", "install", "--no-audit", "--no-fund", tarball]);
  });

  test("makes a project from the template, which installs the same package", () => {
    succeed(team, ["npx", "mill", "init", "flights", "--template", "flights"]);
    project = { ...team, folder: join(team.folder, "flights") };
    const { dependencies } = JSON.parse(readFileSync(join(project.folder, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    expect(Object.keys(dependencies)).toEqual(["millwright", "vega-datasets"]);
    shrinkFlights(project.folder);
  });

  test("takes the whole road", () => {
    const { stdout } = succeed(project, ["npx", "mill", "run", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ state: "done" });
    const models = succeed(project, ["npx", "mill", "models", "list", "--json"]).stdout;
    expect(JSON.parse(models)).toMatchObject([{ name: "late-flights", champion: { version: 1 } }]);
  });

  test("checks; a renamed column fails the compiler in the view, the training and the caller", () => {
    succeed(project, ["npx", "mill", "check"]);
    edit(project.folder, "models/marts/departures.sql", (text) =>
      text.replace("origin, destination", "origin as departure_airport, destination"),
    );
    edit(project.folder, "models/marts/origin_lateness_tiles.sql", (text) =>
      text
        .replace("{{ rolling", "select origin as departure_airport, * exclude (origin) from (\n{{ rolling")
        .replace(/\}\}\s*$/, "}}\n)\n"),
    );
    const { code, stdout, stderr } = run(project, ["npx", "mill", "check", "--json"]);
    expect(code, stderr).toBe(1);
    for (const file of ["features/", "training/late-flights.ts", "app/board.ts"]) expect(stdout).toContain(file);
  });

  const { python } = inject("means");

  test.skipIf(python === undefined)("serves a model in Python, whose worker it brings", async () => {
    const folder = join(team.folder, "models");
    mkdirSync(join(folder, "twice", "1"), { recursive: true });
    writeFileSync(join(folder, "twice", "1", "model.py"), TWICE);
    const mill = join(team.folder, "node_modules", ".bin", "mill");
    const options = ["serve", folder, "--json", "--port", "0", "--python", python ?? ""];
    const serving = spawn(mill, options, { env: { PATH: team.path }, stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(serving.stdout.setEncoding("utf8"), "data")) as string[];
    const { restPort, models } = JSON.parse(String(line)) as {
      readonly restPort: number;
      readonly models: readonly object[];
    };
    expect(models).toMatchObject([{ name: "twice", state: "READY", reason: "" }]);
    const body = JSON.stringify({ inputs: [{ name: "x", datatype: "FP64", shape: [1], data: [21] }] });
    const answer = await fetch(`http://127.0.0.1:${restPort}/v2/models/twice/infer`, { method: "POST", body });
    expect(await answer.json()).toMatchObject({ outputs: [{ name: "y", data: [42] }] });
    serving.kill("SIGTERM");
    await once(serving, "exit");
  });

  test("its declarations hold by themselves, and nothing in them is any", () => {
    const config = { compilerOptions: { ...STRICT, skipLibCheck: false, types: ["node"] }, files: ["uses.ts"] };
    writeFileSync(join(project.folder, "tsconfig.uses.json"), JSON.stringify(config));
    writeFileSync(join(project.folder, "uses.ts"), USES);
    succeed(project, ["npx", "tsc", "-p", "tsconfig.uses.json"]);
  });

  test("speaks of no path of the clone", () => {
    const installed = join(project.folder, "node_modules", "millwright");
    const found = spawnSync("grep", ["-rlF", root, installed], { encoding: "utf8" }).stdout;
    expect(found).toBe("");
    expect(JSON.parse(readFileSync(join(installed, "package.json"), "utf8"))).not.toHaveProperty("scripts");
  });

  test("holds ONNX Runtime without what would run at the install, and without other systems' parts", () => {
    const runtimes = globSync("**/node_modules/onnxruntime-node", { cwd: team.folder });
    expect(runtimes.length).toBeGreaterThan(0);
    for (const runtime of runtimes) {
      const folder = join(team.folder, runtime);
      expect(JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))).not.toHaveProperty("scripts");
      expect(readdirSync(join(folder, "bin", "napi-v6"))).toEqual(["darwin", "linux"]);
    }
    expect(globSync("**/node_modules/{adm-zip,global-agent}", { cwd: team.folder })).toEqual([]);
  });
});

const STRICT = { target: "esnext", module: "nodenext", lib: ["esnext"], strict: true, noEmit: true };

/** Each line marked as an error must be one: were a type `any`, it would not be, and the mark itself would be the error. */
const USES = `import { atLeast, createClient, defineEntity, defineSource, defineTraining, gradientBoosting, type Services } from "millwright";
type IsAny<T> = 0 extends 1 & T ? true : false;
const no: IsAny<ReturnType<typeof defineSource>> | IsAny<ReturnType<typeof defineEntity>> | IsAny<ReturnType<typeof defineTraining>> | IsAny<ReturnType<typeof gradientBoosting>> | IsAny<ReturnType<typeof createClient>> | IsAny<Services> = false;
// @ts-expect-error: a name is text
defineEntity({ name: 7, key: "origin" });
// @ts-expect-error: there is no such metric
atLeast("auk", 0.5);
console.log(no);
`;
