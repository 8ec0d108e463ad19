import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { loadProject } from "@millwright/project";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { edit, mill, rowHashes, smallFlights } from "../../../e2e/support/project.ts";
import { installation, statePaths, verifyState } from "../src/index.ts";

// The Nth sync, write or rename of a run fails, once or from there on: one error that says what to do, nothing torn, and
// the next run ends as if nothing had happened.

const strace = inject("means").strace;
const root = join(import.meta.dirname, "..", "..", "..");
const CALLS = ["fsync,fdatasync", "pwrite64", "rename"] as const;
const NTH = inject("full") ? [1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 30, 40, 60] : [3];

describe.skipIf(strace === undefined)("a disk that fails", () => {
  let projectDir: string;
  let state: string;
  let kept: string;
  let unharmed = 0;
  let undisturbed: Readonly<Record<string, string>>;

  beforeAll(() => {
    projectDir = smallFlights();
    state = join(projectDir, ".mill");
    kept = join(projectDir, "kept");
    expect(mill(["run", "--select", "+departures", "--project", projectDir]).code).toBe(0);
    cpSync(state, kept, { recursive: true });
    edit(projectDir, "models/marts/departures.sql", (text) => text.replace(" distance,", " distance + 1 as distance,"));
    expect(mill(["run", ...part()]).code).toBe(0);
    undisturbed = rowHashes(projectDir);
  });
  afterAll(() => rmSync(projectDir, { recursive: true, force: true }));

  const part = () => ["--select", "departures", "--project", projectDir];
  const asBefore = () => {
    rmSync(state, { recursive: true, force: true });
    cpSync(kept, state, { recursive: true });
  };
  // At less than full width once or for ever, in turn.
  const cases = CALLS.flatMap((calls, place) =>
    NTH.flatMap((nth) => [`${nth}`, `${nth}+`].map((when) => ({ calls, when }))).filter(
      (_case, index) => inject("full") || index % 2 === place % 2,
    ),
  );

  test.each(cases)("at $calls, number $when of each thread", async ({ calls, when }) => {
    asBefore();
    const disk = ["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", `trace=${calls}`];
    const injected = ["-e", `inject=${calls}:error=EIO:when=${when}`];
    const failed = spawnSync(strace ?? "", [...disk, ...injected, join(root, "bin", "mill"), "run", ...part()], {
      encoding: "utf8",
      timeout: 200_000,
    });
    const said = failed.stdout + failed.stderr;
    // Not every thread comes to so many: then all went well, as it must. SQLite has one word for a refused write.
    if (failed.status !== 0) expect(said).toMatch(/platform\/disk-(?:fault|full)|lakehouse\/engine-died/);
    else unharmed += 1;
    expect(said).not.toMatch(/kernel\/defect|\n\s+at /);

    const { settings } = await loadProject({ projectDir, millwrightUrl: installation().millwrightUrl });
    const findings = await verifyState(settings, statePaths(projectDir), () => {});
    expect(findings.filter(({ holds }) => !holds)).toEqual([]);
    const again = mill(["run", ...part()]);
    expect(again.code, again.stderr).toBe(0);
    expect(rowHashes(projectDir)).toEqual(undisturbed);
  });

  test("did fail in more than half of these", () => {
    expect(unharmed).toBeLessThan(cases.length / 2);
  });
});
