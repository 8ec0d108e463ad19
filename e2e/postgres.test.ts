import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { startPostgres, type PostgresServer } from "./support/postgres.ts";
import { end, mill, millJson, millLater, millUp, rowHashes, smallFlights } from "./support/project.ts";

// The road with its metadata in PostgreSQL, which dies under it.

const programs = inject("means").postgres;

describe.skipIf(programs === undefined)("a project that keeps its metadata in PostgreSQL", () => {
  let server: PostgresServer;
  let projectDir: string;
  let undisturbed: Readonly<Record<string, string>>;
  const at = () => ["--project", projectDir];
  const error = (stdout: string) => (JSON.parse(stdout) as { error: { code: string; detail: string } }).error;

  beforeAll(async () => {
    server = await startPostgres(programs ?? "");
    process.env["METADATA_URL"] = server.url;
    projectDir = smallFlights();
    expect(mill(["run", ...at()]).code).toBe(0);
    undisturbed = rowHashes(projectDir);
    rmSync(join(projectDir, ".mill"), { recursive: true });
    writeFileSync(
      join(projectDir, "millwright.ts"),
      `import { defineProject, env, postgres } from "millwright";

export default defineProject({ name: "flights", engines: { metadata: postgres({ url: env("METADATA_URL") }) } });
`,
    );
  });

  afterAll(() => {
    delete process.env["METADATA_URL"];
    server.remove();
    rmSync(projectDir, { recursive: true, force: true });
  });

  test("a server killed under the run is one clean error; the next run has the tables of an undisturbed one on SQLite", async () => {
    const run = await millLater(["run", ...at()], (child) => {
      let said = "";
      const watch = (chunk: Buffer) => {
        said += chunk.toString();
        if (!said.includes("✓ table:departures ")) return;
        child.stderr?.off("data", watch);
        server.kill();
      };
      child.stderr?.on("data", watch);
    });
    expect(run.code).toBe(1);
    expect(run.stderr).toContain("platform/database-unreachable");
    expect(run.stderr).toMatch(/remedy {2}Start it/);
    expect(run.stdout + run.stderr).not.toMatch(/kernel\/defect|\n\s+at /);
    const down = mill(["status", ...at(), "--json"]);
    expect(error(down.stdout).code).toBe("platform/database-unreachable");
    server.start();
    const again = mill(["run", ...at(), "--json"]);
    expect(again.code).toBe(0);
    const { tasks } = JSON.parse(again.stdout) as { tasks: { id: string; state: string }[] };
    expect(tasks.find(({ id }) => id === "source:flights_raw")?.state).toBe("unchanged");
    expect(rowHashes(projectDir)).toEqual(undisturbed);
  });

  test("`mill up` outlives its server, and says what it lacks meanwhile", async () => {
    const up = await millUp(projectDir);
    try {
      await up.road;
      const api = `http://127.0.0.1:${up.controlPort}/api/v1/models`;
      expect((await fetch(api)).status).toBe(200);
      server.kill();
      const down = await fetch(api);
      expect(down.status).toBe(503);
      expect(await down.json()).toMatchObject({ code: "platform/database-unreachable" });
      server.start();
      expect((await fetch(api)).status).toBe(200);
    } finally {
      expect((await end(up)).code).toBe(0);
    }
  });

  test("the password is in no file and in no error", () => {
    const wrong = server.url.replace(server.password, "hunter2hunter2");
    const refused = mill(["status", ...at(), "--json"], { METADATA_URL: wrong });
    expect(error(refused.stdout).code).toBe("platform/database-refused");
    const unreadable = mill(["status", ...at(), "--json"], { METADATA_URL: "hunter2hunter2 is no URL" });
    expect(error(unreadable.stdout).code).toBe("platform/database-url");
    const missing = mill(["status", ...at(), "--json"], { METADATA_URL: "" });
    expect(error(missing.stdout).code).toBe("platform/missing-variable");
    const said = [refused, unreadable, missing].map(({ stdout, stderr }) => stdout + stderr).join("");
    expect(said).not.toContain("hunter2");
    const files = globSync(join(projectDir, "{.mill,.mill/**}/*"), { withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    expect(files.length).toBeGreaterThan(50);
    for (const file of files)
      expect(readFileSync(join(file.parentPath, file.name)).includes(server.password), file.name).toBe(false);
  });

  test("the client is loaded by those alone who use it", () => {
    const spy = `import Module from "node:module"; process.on("exit", () => { for (const path of Object.keys(Module._cache)) if (/node_modules.pg.lib.client/.test(path)) process.stderr.write("PG IS LOADED"); });`;
    const watched = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(spy)}` };
    expect(mill(["status", ...at()], watched).stderr).toContain("PG IS LOADED");
    expect(mill(["--help"], watched).stderr).not.toContain("PG IS LOADED");
    const embedded = smallFlights();
    expect(mill(["status", "--project", embedded], watched).stderr).not.toContain("PG IS LOADED");
    rmSync(embedded, { recursive: true });
  });

  test("`mill doctor` tells whether it answers", () => {
    const found = millJson(["doctor", ...at()]) as { what: string; found: string; holds: boolean }[];
    expect(found.find(({ what }) => what === "metadata")).toMatchObject({
      holds: true,
      found: expect.stringMatching(/^PostgreSQL \d+/) as unknown,
    });
    const gone = mill(["doctor", ...at(), "--json"], { METADATA_URL: "postgresql://mill@127.0.0.1:1/none" });
    expect(gone.code).toBe(1);
    expect(gone.stdout).toContain("platform/database-unreachable");
  });

  test("files elsewhere are told from its own; `mill clean` takes the metadata along", () => {
    const other = `${projectDir}-other`;
    cpSync(projectDir, other, { recursive: true, filter: (path) => !path.endsWith("/.mill") });
    const foreign = mill(["run", "--project", other, "--json"]);
    expect(error(foreign.stdout).code).toBe("platform/other-files");
    expect(foreign.code).toBe(2);
    expect(error(mill(["clean", "--project", other, "--json"]).stdout).code).toBe("platform/other-files");
    expect(rowHashes(projectDir)).toEqual(undisturbed);
    expect(mill(["clean", ...at()]).code).toBe(0);
    rmSync(join(other, ".mill"), { recursive: true });
    expect(millJson(["table", "list", "--project", other])).toEqual([]);
    rmSync(other, { recursive: true });
  });
});
