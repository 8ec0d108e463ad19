import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { edit, end, mill, millJson, millUp, rowHashes, smallFlights, tablesOf } from "./support/project.ts";

// Write, audit, publish: a run on a branch touches nothing of main until all of it is published in one step.

let projectDir: string;
const project = () => ["--project", projectDir];
const on = (branch: string) => ["--branch", branch, ...project()];

interface Ran {
  readonly state: string;
  readonly tasks: readonly { readonly id: string; readonly kind: string; readonly state: string }[];
  readonly branch: string;
  readonly isPublished: boolean;
  readonly changes: readonly { readonly name: string; readonly isConflict: boolean }[];
}

const longest = (where: readonly string[] = []) =>
  (millJson(["sql", "select max(distance) from departures", ...where, ...project()]) as { rows: unknown[][] })
    .rows[0]?.[0];
/** How a departure's distance comes about. */
const madeFrom = (where: readonly string[]) => {
  const { columns } = millJson(["lineage", "departures.distance", "--direct", ...where]) as {
    columns: { edges: { to: { name: string }; kind: string }[] };
  };
  return columns.edges.filter(({ to }) => to.name === "table:departures").map(({ kind }) => kind);
};
/** Makes every departure's distance another one. */
const setDistance = (sql: string) =>
  edit(projectDir, "models/marts/departures.sql", (text) => text.replace(DISTANCE, `${sql} as distance,`));
const DISTANCE = /[^\n,]*distance,/;

beforeAll(() => {
  projectDir = smallFlights();
  const { code, stderr } = mill(["run", ...project()]);
  expect(code, stderr).toBe(0);
});
afterAll(() => rmSync(projectDir, { recursive: true, force: true }));

describe("mill run --branch", () => {
  test("does there what has changed, and main is as it was", () => {
    const [before, was] = [tablesOf(projectDir), Number(longest())];
    setDistance("distance + 1");
    const ran = millJson(["run", ...on("audit")]) as Ran;
    expect(ran.state).toBe("done");
    const sources = ran.tasks.filter(({ kind }) => kind === "source");
    expect(sources.map(({ state }) => state)).toEqual(["unchanged", "unchanged"]);
    expect(ran.tasks.filter(({ kind }) => ["training", "feature_view", "service"].includes(kind))).toEqual([]);
    expect([ran.branch, ran.isPublished]).toEqual(["audit", false]);
    expect(ran.changes.map(({ name }) => name)).toContain("departures");
    expect(tablesOf(projectDir)).toEqual(before);
    expect([longest(), longest(["--branch", "audit"])]).toEqual([was, was + 1]);
    expect(madeFrom(project())).toEqual(["IDENTITY"]);
    expect(madeFrom(on("audit"))).toEqual(["TRANSFORMATION"]);
  });

  test("is published whole beside a running mill up, which then sees it and need not do it again", async () => {
    const up = await millUp(projectDir);
    try {
      // The first road of `mill up` makes the same change on main: the branch must not overwrite it.
      await up.road;
      const refused = mill(["table", "publish", "audit", ...project()]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain("lakehouse/branch-conflict");
      expect(refused.stderr).toContain("departures");
      expect(mill(["table", "drop-branch", "audit", ...project()]).code).toBe(0);

      setDistance("distance + 2");
      const was = Number(longest());
      const ran = millJson(["run", "--publish", ...on("next")]) as Ran;
      expect(ran.isPublished).toBe(true);
      expect(longest()).toBe(was + 1);
      const after = millJson(["run", ...project()]) as Ran;
      const stateOf = (id: string) => after.tasks.find((task) => task.id === id)?.state;
      expect(stateOf("table:departures")).toBe("unchanged");
      expect(stateOf("training:late-flights")).toBe("done");
    } finally {
      await end(up);
    }
  });

  test("a check that fails there keeps it from main", () => {
    const before = rowHashes(projectDir);
    setDistance("-1");
    const { code, stdout } = mill(["run", "--publish", "--json", ...on("bad")]);
    expect(code).toBe(1);
    const ran = JSON.parse(stdout) as Ran;
    expect([ran.state, ran.isPublished]).toEqual(["failed", false]);
    expect(rowHashes(projectDir)).toEqual(before);
  });
});

test.each([
  ["--publish without a branch", ["run", "--publish"], 2, "platform/usage"],
  ["a name that leaves the folder", ["run", "--branch", "../../x"], 2, "lakehouse/invalid-name"],
  ["a branch that is not there", ["sql", "select 1", "--branch", "never"], 1, "lakehouse/unknown-branch"],
  ["main as a branch", ["table", "branch", "main"], 1, "lakehouse/branch-exists"],
])("%s is one error", (_what, words, code, error) => {
  const answer = mill([...words, "--project", projectDir]);
  expect(answer.code).toBe(code);
  expect(answer.stderr).toContain(error);
});
