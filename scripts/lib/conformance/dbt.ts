import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  mkdirSync,
  writeFileSync,
  chmodSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { spawnMill, type Answer as Said } from "./run-mill.ts";
import { relationsOf, type Relations } from "./dbt-relations.ts";
import type { Suite } from "./suite.ts";

// dbt projects and what dbt did with each, step by step: `mill dbt` does the same steps on a copy.

interface Expected {
  readonly exit_code?: number;
  readonly statuses?: Readonly<Record<string, string>>;
  readonly failures?: Readonly<Record<string, number>>;
  readonly messages?: Readonly<Record<string, string>>;
  readonly tables?: Relations;
  readonly dropped?: readonly string[];
  readonly compiled?: Readonly<Record<string, string>>;
  readonly compiled_inline?: string;
  readonly nodes?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly ls?: readonly string[];
  readonly show?: readonly unknown[];
  readonly log_contains?: readonly string[];
}

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>> | null;
  readonly replace_files?: Readonly<Record<string, string | null>> | null;
  readonly expected: Expected;
}

interface Case {
  readonly name: string;
  readonly database: string;
  readonly excluded_columns?: Readonly<Record<string, readonly string[]>>;
  readonly steps: readonly Step[];
}

export const dbt: Suite = {
  summary:
    "dbt projects with their commands, step by step, recorded from dbt with dbt-duckdb (NAME/project, NAME/steps.json)",
  replay: async (folder, { only, tell }) => {
    const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, "steps.json")));
    const asked = names.filter((name) => only.length === 0 || only.includes(name));
    // A case waits for its own processes, one after the other: two cases keep two cores at work.
    const queue = asked.toSorted();
    const worker = async () => {
      for (let name = queue.shift(); name !== undefined; name = queue.shift())
        await replayCase(join(folder, name), tell);
    };
    await Promise.all([worker(), worker()]);
  },
};

async function replayCase(folder: string, tell: Parameters<Suite["replay"]>[1]["tell"]): Promise<void> {
  const recorded = JSON.parse(readFileSync(join(folder, "steps.json"), "utf8")) as Case;
  const project = mkdtempSync(join(tmpdir(), "mill-dbt-"));
  try {
    cpSync(join(folder, "project"), project, { recursive: true });
    makeWritable(project);
    let before: Relations = {};
    for (const step of recorded.steps) {
      replaceFiles(project, step.replace_files ?? {});
      const said = await spawnMill(["dbt", ...step.command], { cwd: project, env: step.env ?? {} });
      const after = await relationsOf(join(project, recorded.database));
      const faults = faultsOf(step, { said, project, before, after, excluded: recorded.excluded_columns ?? {} });
      before = after;
      const name = `${recorded.name}: ${step.name}`;
      if (faults.length === 0) tell({ name, outcome: "passed" });
      else tell({ name, outcome: "failed", reason: faults.join("; ") });
    }
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

/** A copy of files that may only be read is no project that one can work in. */
function makeWritable(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) makeWritable(path);
    else chmodSync(path, 0o644);
  }
}

function replaceFiles(project: string, files: Readonly<Record<string, string | null>>): void {
  for (const [path, text] of Object.entries(files)) {
    const target = join(project, path);
    if (relative(project, target).startsWith("..")) throw new Error(`${path} leaves the project`);
    if (text === null) rmSync(target, { force: true });
    else {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
  }
}

interface Found {
  readonly said: Said;
  readonly project: string;
  readonly before: Relations;
  readonly after: Relations;
  readonly excluded: Readonly<Record<string, readonly string[]>>;
}

/** What is not as dbt did it. */
function faultsOf({ expected, command }: Step, found: Found): readonly string[] {
  const { said, project } = found;
  const results = artifact(project, command, "run_results.json") as Results | undefined;
  const ran =
    command[0] === "source" || command[1] === "freshness"
      ? (artifact(project, command, "sources.json") as Results | undefined)
      : results;
  const rows = ran?.results ?? [];
  const pick = (value: (row: Row) => unknown) =>
    Object.fromEntries(rows.map((row) => [plainId(row.unique_id), value(row)]));
  const checks: readonly (string | undefined)[] = [
    difference("exit code", said.code, expected.exit_code),
    expected.statuses === undefined
      ? undefined
      : difference(
          "statuses",
          pick(({ status }) => status),
          plainKeys(expected.statuses),
        ),
    expected.failures === undefined
      ? undefined
      : partial(
          "failures",
          pick(({ failures }) => failures),
          plainKeys(expected.failures),
        ),
    expected.messages === undefined
      ? undefined
      : partial(
          "messages",
          pick(({ message }) => message),
          plainKeys(expected.messages),
        ),
    expected.compiled === undefined
      ? undefined
      : partial(
          "compiled",
          pick(({ compiled_code: sql }) => flat(sql ?? "")),
          plainKeys(expected.compiled),
        ),
    expected.compiled_inline === undefined
      ? undefined
      : difference("compiled inline", flat(said.stdout), expected.compiled_inline),
    expected.nodes === undefined ? undefined : nodesFault(project, command, expected.nodes),
    expected.ls === undefined ? undefined : difference("ls", linesOf(said.stdout), expected.ls.toSorted()),
    expected.show === undefined ? undefined : difference("show", shown(said.stdout), expected.show),
    logFault(said, expected.log_contains ?? []),
    relationsFault(expected, found),
  ];
  const faults = checks.filter((fault) => fault !== undefined);
  return faults.length > 0 && said.code !== expected.exit_code
    ? [...faults, `it said: ${flat(said.stderr).slice(0, 600)}`]
    : faults;
}

interface Row {
  readonly unique_id: string;
  readonly status: string;
  readonly failures?: number | null;
  readonly message?: string | null;
  readonly compiled_code?: string | null;
}

interface Results {
  readonly results: readonly Row[];
}

function artifact(project: string, command: readonly string[], file: string): unknown {
  const at = command.indexOf("--target-path");
  const path = join(project, at === -1 ? "target" : (command[at + 1] ?? ""), file);
  return existsSync(path) && statSync(path).isFile() ? (JSON.parse(readFileSync(path, "utf8")) as unknown) : undefined;
}

/** Unique ids of generic tests end in a hash of their definition, which is dbt's own. */
function plainId(id: string): string {
  return id.startsWith("test.") ? id.replace(/\.[0-9a-f]{10}$/, "") : id;
}

function plainKeys<Value>(record: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(record).map(([id, value]) => [plainId(id), value]));
}

function flat(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

function linesOf(text: string): readonly string[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .toSorted();
}

function difference(what: string, ours: unknown, theirs: unknown): string | undefined {
  if (theirs === undefined || isDeepStrictEqual(ours, theirs)) return undefined;
  if (isRecord(ours) && isRecord(theirs)) {
    const keys = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].filter(
      (key) => !isDeepStrictEqual(ours[key], theirs[key]),
    );
    return `${what}: ${keys.map((key) => `${key} is ${told(ours[key])} in place of ${told(theirs[key])}`).join(", ")}`;
  }
  if (Array.isArray(ours) && Array.isArray(theirs)) {
    const only = (one: readonly unknown[], other: readonly unknown[]) =>
      one.filter((item) => !other.some((candidate) => isDeepStrictEqual(candidate, item)));
    return `${what}: too many ${told(only(ours, theirs))}, missing ${told(only(theirs, ours))}`;
  }
  return `${what} is ${told(ours)} in place of ${told(theirs)}`;
}

/** Only what is expected counts. */
function partial(
  what: string,
  ours: Readonly<Record<string, unknown>>,
  theirs: Readonly<Record<string, unknown>>,
): string | undefined {
  return difference(what, Object.fromEntries(Object.keys(theirs).map((key) => [key, ours[key]])), theirs);
}

function told(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 700);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function shown(stdout: string): unknown {
  try {
    return (JSON.parse(stdout) as { readonly show?: unknown }).show;
  } catch {
    return stdout;
  }
}

function logFault({ stdout, stderr }: Said, pieces: readonly string[]): string | undefined {
  // DuckDB's versions differ in whether they quote names in what they complain of.
  const unquoted = (text: string) => flat(text).replaceAll('"', "");
  const log = unquoted(`${stdout}\n${stderr}`);
  const missing = pieces.filter((piece) => !log.includes(unquoted(piece)));
  return missing.length === 0 ? undefined : `the log lacks ${told(missing)}; it is ${told(log)}`;
}

interface ManifestFile {
  readonly nodes: Readonly<Record<string, ManifestNode>>;
  readonly sources: Readonly<Record<string, ManifestNode>>;
  readonly exposures: Readonly<Record<string, ManifestNode>>;
  readonly unit_tests: Readonly<Record<string, ManifestNode>>;
  readonly disabled: Readonly<Record<string, unknown>>;
}

interface ManifestNode {
  readonly config: Readonly<Record<string, unknown>>;
  readonly depends_on: { readonly nodes: readonly string[] };
  readonly [key: string]: unknown;
}

function nodesFault(
  project: string,
  command: readonly string[],
  expected: NonNullable<Expected["nodes"]>,
): string | undefined {
  const manifest = artifact(project, command, "manifest.json") as ManifestFile | undefined;
  if (manifest === undefined) return "there is no manifest.json";
  const all = plainKeys({ ...manifest.nodes, ...manifest.sources, ...manifest.exposures, ...manifest.unit_tests });
  const theirs = Object.fromEntries(
    Object.entries(plainKeys(expected)).map(([id, node]) => [
      id,
      {
        ...node,
        ...(Array.isArray(node["depends_on"]) ? { depends_on: node["depends_on"].map(plainId).toSorted() } : {}),
      },
    ]),
  );
  const ours = Object.fromEntries(
    [...new Set([...Object.keys(theirs), ...Object.keys(all)])].map((id) => [
      id,
      nodeAs(id, { node: all[id], keys: Object.keys(theirs[id] ?? { resource_type: 0 }), disabled: manifest.disabled }),
    ]),
  );
  return difference("nodes", ours, theirs);
}

function nodeAs(
  id: string,
  {
    node,
    keys,
    disabled,
  }: {
    readonly node: ManifestNode | undefined;
    readonly keys: readonly string[];
    readonly disabled: Readonly<Record<string, unknown>>;
  },
): unknown {
  if (node === undefined) return Object.keys(disabled).map(plainId).includes(id) ? { disabled: true } : undefined;
  return Object.fromEntries(
    keys.map((key) => {
      if (key === "depends_on") return [key, node.depends_on.nodes.map(plainId).toSorted()];
      return [key, key === "materialized" || key === "severity" ? node.config[key] : node[key]];
    }),
  );
}

/** Relations that are new or changed are named; all others are as they were. */
function relationsFault(
  { tables = {}, dropped = [] }: Expected,
  { before, after, excluded }: Found,
): string | undefined {
  const wanted = { ...before, ...tables };
  for (const name of dropped) delete wanted[name];
  const faults = [...new Set([...Object.keys(wanted), ...Object.keys(after)])].flatMap((name) => {
    const without = new Set(excluded[name]);
    const [ours, theirs] = [shaped(after[name], without), shaped(wanted[name], without)];
    return isDeepStrictEqual(ours, theirs) ? [] : [`${name} is ${told(ours)} in place of ${told(theirs)}`];
  });
  return faults.length === 0 ? undefined : faults.join("; ");
}

function shaped(relation: Relations[string] | undefined, without: ReadonlySet<string>): unknown {
  if (relation === undefined || relation.unreadable !== undefined)
    return relation === undefined ? undefined : { kind: relation.kind, unreadable: true };
  const { kind, columns = [], rows = [] } = relation;
  const isWhole = rows.every((row) => row.length === columns.length);
  const kept = isWhole ? rows.map((row) => row.filter((_, index) => !without.has(columns[index]?.name ?? ""))) : rows;
  return {
    kind,
    columns: columns.filter(({ name }) => !without.has(name)),
    rows: kept.map((row) => JSON.stringify(row)).toSorted(),
  };
}
