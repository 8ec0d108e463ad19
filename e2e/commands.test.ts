import { spawn, spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { end, mill, millLater, smallFlights } from "./support/project.ts";

const root = join(import.meta.dirname, "..");
const launcher = join(root, "bin", "mill");
const schemas = new Map(
  globSync("docs/reference/schemas/*.json", { cwd: root }).map((path) => [
    basename(path, ".json"),
    JSON.parse(readFileSync(join(root, path), "utf8")) as Readonly<Record<string, unknown>>,
  ]),
);
const ajv = new Ajv2020({ strict: false });

/** What is wrong with a command's output by its published schema; empty when it conforms. */
function faults(name: string, document: unknown): string {
  const schema = schemas.get(name.replaceAll(" ", "-"));
  if (schema === undefined) return `${name} has no schema`;
  return ajv.validate(schema, document) ? "" : `${name}: ${ajv.errorsText()}`;
}

const FRAME = join(mkdtempSync(join(tmpdir(), "mill-frame-")), "frame.csv");
const GRAPH = join(dirname(FRAME), "graph.yaml");
writeFileSync(
  GRAPH,
  `apiVersion: serving.kserve.io/v1alpha1
kind: InferenceGraph
metadata: { name: asked-twice }
spec: { nodes: { root: { routerType: Sequence, steps: [{ serviceName: late-flights }] } } }
`,
);
writeFileSync(FRAME, "airport,event_timestamp\nORD,2001-03-01T12:00:00Z\n");
const request = JSON.stringify({
  origin: "ORD",
  destination: "SFO",
  departed_at: "2001-06-28T01:00:00Z",
  distance: 1846,
});

describe("what each command prints with --json is as its published schema says", () => {
  let projectDir: string;
  let up: { readonly process: ReturnType<typeof spawn>; readonly document: unknown };
  const seen = new Set(["up", "failed"]);

  beforeAll(async () => {
    projectDir = smallFlights();
    const process_ = spawn(launcher, ["up", "--json", "--port", "0", "--project", projectDir], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    up = { process: process_, document: await firstDocument(process_.stdout) };
  });

  afterAll(async () => {
    await end({ process: up.process });
    rmSync(projectDir, { recursive: true, force: true });
  });

  test("mill up", () => {
    expect(faults("up", up.document)).toBe("");
  });

  const cases: readonly (readonly [name: string, ...args: readonly string[]])[] = [
    ["run", "--select", "airports"],
    ["run", "--select", "airports", "--branch", "beside"],
    ["check"],
    ["test", "--rows", "500"],
    ["types"],
    ["types", "--service", "late-flights"],
    ["sql", "select origin, avg(distance) as mean, max(departed_at) as last from departures group by 1"],
    ["sql", "select count(*) from departures where origin = $from", "--param", "from=ORD"],
    ["sql", "select origin from departures where departed_at < ? limit 1", "--explain", "--param", "2001-01-02"],
    ["sql", "select * from departures", "--out", join(dirname(FRAME), "departures.arrow"), "--threads", "1"],
    ["sql", "--running"],
    ["table list"],
    ["table show", "departures"],
    ["table history", "departures"],
    ["table changes", "departures"],
    ["table tag", "departures", "before"],
    ["table rollback", "departures", "before"],
    ["table drop-tag", "departures", "before"],
    ["table expire", "departures", "--days", "30", "--dry-run"],
    ["table mirror", "departures", "--as", "delta"],
    ["table mirrors"],
    ["table mirror", "departures", "--as", "delta", "--drop"],
    ["table fast-forward", "departures", "audited", "main"],
    ["sql", "create table picked as select 1 as k"],
    ["table tag", "picked", "first"],
    ["sql", "insert into picked values (2)"],
    ["table tag", "picked", "second"],
    ["table rollback", "picked", "first"],
    ["table cherry-pick", "picked", "second"],
    ["table care", "departures", "--dry-run"],
    ["table compact", "departures", "--sort", "origin", "--all", "--dry-run"],
    ["table rewrite-manifests", "departures", "--dry-run"],
    ["table remove-orphans", "departures", "--dry-run"],
    ["table remove-dropped"],
    ["table branch", "audit"],
    ["table branches"],
    ["table diff", "audit"],
    ["table publish", "audit", "--reason", "it held"],
    ["table publications"],
    ["table drop-branch", "audit"],
    ["logs"],
    ["logs", "--process", "serving", "--lines", "1"],
    ["completion", "bash"],
    ["dbt", "ls", "--select", "departures+"],
    ["schedule show", "--every", "6h"],
    ["features history", "--entities", FRAME, "--features", "airport_pressure"],
    ["checks list"],
    ["checks show", "departures"],
    ["checks report", "--out", join(dirname(FRAME), "checks.html")],
    ["features list"],
    ["features show", "airport_pressure"],
    ["features materialize", "airport_pressure"],
    [
      "features push",
      "airport_clock",
      '{"airport": "ORD", "valid_from": "2001-06-30T12:00:00Z", "latitude": 41.98, "longitude": -87.9, "utc_offset_minutes": -300}',
    ],
    ["features get", "airport_pressure", '{"airport": "ORD"}'],
    ["models list"],
    ["models show", "late-flights"],
    ["models report", "late-flights@1", "--out", join(dirname(FRAME), "report.html")],
    ["models compare", "late-flights", "1", "1"],
    ["models promote", "late-flights", "1", "--reason", "as it was"],
    ["models rollback", "late-flights", "1", "--reason", "back again"],
    ["models history", "late-flights"],
    ["runs list"],
    ["services list"],
    ["services show", "late-flights"],
    ["services top", "--seconds", "0.2"],
    ["services traffic", "late-flights", "--set", "candidate=10", "--reason", "a look"],
    ["services rollback", "late-flights", "--reason", "enough"],
    ["services traffic", "late-flights", "--set", "candidate=10"],
    ["services promote", "late-flights", "--reason", "as good"],
    ["services decisions", "late-flights"],
    ["services rollout", "late-flights"],
    ["services apply", "-f", GRAPH],
    ["services applied"],
    ["services delete", "asked-twice"],
    ["lineage", "late-flights"],
    ["lineage", "departures.late", "--direct"],
    ["monitors list"],
    ["monitors show", "late-flights-drift"],
    ["monitors alerts"],
    ["status"],
    ["predict", "late-flights", request],
    ["explain"],
    ["explain", "project/not-found"],
    ["schema", "table", "show"],
    ["schema"],
    ["doctor", "--verify"],
  ];

  test.each(cases)("mill %s %s %s", async (name, ...args) => {
    const { code, stdout, stderr } = await millLater([...name.split(" "), ...args, "--json", "--project", projectDir]);
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
    for (const document of documentsOf(name, stdout)) expect(faults(name, document)).toBe("");
    seen.add(name);
  });

  test("mill serve", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mill-models-"));
    const process_ = spawn(launcher, ["serve", folder, "--json", "--port", "0"], { stdio: ["ignore", "pipe", "pipe"] });
    expect(faults("serve", await firstDocument(process_.stdout))).toBe("");
    await end({ process: process_ });
    const shards = ["--shards", "2", "--copies-megabytes", "16"];
    const several = spawn(launcher, ["serve", folder, ...shards, "--json", "--port", "0"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    expect(faults("serve", await firstDocument(several.stdout))).toBe("");
    await end({ process: several });
    rmSync(folder, { recursive: true });
    seen.add("serve");
  });

  test("mill runs show", async () => {
    const { runId } = up.document as { runId: string };
    const { stdout } = await millLater(["runs", "show", runId, "--json", "--project", projectDir]);
    expect(faults("runs show", JSON.parse(stdout))).toBe("");
    seen.add("runs show");
  });

  test("mill init and mill clean", async () => {
    const target = mkdtempSync(join(tmpdir(), "mill-init-"));
    const made = await millLater(["init", target, "--json"]);
    expect(faults("init", JSON.parse(made.stdout))).toBe("");
    const cleaned = await millLater(["clean", "--json", "--project", target]);
    expect(faults("clean", JSON.parse(cleaned.stdout))).toBe("");
    rmSync(target, { recursive: true });
    for (const name of ["init", "clean"]) seen.add(name);
  });

  test("mill predict answers the lines of its input in their order, a refused one in its place", () => {
    const lines = Array.from({ length: 200 }, (_, index) =>
      JSON.stringify({ ...(JSON.parse(request) as object), distance: index === 7 ? "far" : index }),
    );
    const { status, stdout } = spawnSync(launcher, ["predict", "late-flights", "--json", "--project", projectDir], {
      input: `${lines.join("\n")}\n`,
      encoding: "utf8",
    });
    const answers = documentsOf("predict", stdout) as { id?: string; error?: { code: string } }[];
    expect(answers).toHaveLength(200);
    expect(answers.map((answer) => faults("predict", answer)).filter((fault) => fault !== "")).toEqual([]);
    expect(answers.flatMap(({ error }, index) => (error === undefined ? [] : [index]))).toEqual([7]);
    expect(status).toBe(1);
  });

  test("a failure", async () => {
    const { stdout, code } = await millLater(["table", "show", "nothing", "--json", "--project", projectDir]);
    expect(faults("failed", JSON.parse(stdout))).toBe("");
    expect(code).toBe(1);
  });

  test("every command was run", () => {
    expect([...seen].map((name) => name.replaceAll(" ", "-")).toSorted()).toEqual([...schemas.keys()].toSorted());
  });
});

function documentsOf(name: string, stdout: string): readonly unknown[] {
  const isStream = /each line/.test(String(schemas.get(name.replaceAll(" ", "-"))?.["description"]));
  const texts = isStream ? stdout.split("\n").filter((line) => line !== "") : [stdout];
  expect(texts.length).toBeGreaterThan(0);
  return texts.map((text) => JSON.parse(text) as unknown);
}

/** The first whole JSON document that a stream carries. */
async function firstDocument(stream: AsyncIterable<Buffer> | null): Promise<unknown> {
  let text = "";
  for await (const chunk of stream ?? []) {
    text += chunk.toString();
    if (text.endsWith("}\n")) return JSON.parse(text) as unknown;
  }
  throw new Error(`no document: ${text}`);
}

describe("help", () => {
  const names = Array.from(mill(["--help"]).stdout.matchAll(/^ {2}mill (.+?) {2,}\S/gm), ([, name = ""]) =>
    name.replaceAll(/ \[?[A-Z].*$/g, ""),
  );

  test("lists every command that has a schema", () => {
    expect([...names.map((name) => name.replaceAll(" ", "-")), "failed"].toSorted()).toEqual(
      [...schemas.keys()].toSorted(),
    );
  });

  test("each command's has an example that is such a command", async () => {
    for (const name of names) {
      const { code, stdout, stderr } = await millLater([...name.split(" "), "--help"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(new RegExp(`\\nExample\\n  .*\\bmill ${name}( |\\n)`));
    }
  });

  test("a command says at once that it was heard", async () => {
    expect(await firstWord(["doctor"])).toMatch(/^… mill doctor\n/);
  });
});

async function firstWord(args: readonly string[]): Promise<string> {
  const child = spawn(launcher, args, { stdio: ["ignore", "ignore", "pipe"] });
  for await (const chunk of child.stderr) {
    child.kill("SIGKILL");
    return String(chunk);
  }
  throw new Error("it said nothing");
}

describe("piped", () => {
  test("there are no colours and no lines that take each other's place", () => {
    const { stdout, stderr } = mill(["explain", "kernel/invalid"]);
    for (const control of ["\u001b", "\r"]) expect(stdout + stderr).not.toContain(control);
  });

  test("who reads only the first line ends it in peace", () => {
    const { stdout, stderr } = spawnSync(
      "bash",
      ["-c", `set -o pipefail; ${launcher} explain --json | head -1; echo "$?"`],
      {
        encoding: "utf8",
      },
    );
    expect(stdout).toBe("[\n0\n");
    expect(stderr).toBe("");
  });
});

test("a noun alone is told with its verbs", () => {
  expect(mill(["table"])).toMatchObject({ code: 2, stderr: expect.stringContaining("mill table show") as string });
  expect(mill(["table", "--help"]).stdout).toMatch(/mill table show NAME/);
});
