import { copyFileSync, globSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadProject, type Project } from "@millwright/project";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { mill, millJson, smallFlights } from "../../../e2e/support/project.ts";
import { installation, statePaths, verifyState } from "../src/index.ts";

// A bit of a file flips while nothing runs: `mill doctor --verify` names it, and no answer comes from it.

const FLIPS = inject("full") ? 1_000 : 30;
const SEED = 20_261_127;

/** Every kind of file that an answer may rest on. Logs, locks and compiled SQL are written, and never read back. */
const KINDS: Readonly<Record<string, string>> = {
  metadata: "metadata.db",
  online: "online.db",
  data: "lake/**/*.parquet",
  "table metadata": "lake/**/*.metadata.json",
  manifest: "lake/**/*-m[01].avro",
  "manifest list": "lake/**/snap-*.avro",
  model: "artifacts/*/model.mwt",
  export: "artifacts/*/model.onnx",
  signature: "artifacts/*/signature.json",
  deployment: "serving/deployment.json",
};

let projectDir: string;
let state: string;
let settings: Project["settings"];
let next = SEED;

beforeAll(async () => {
  projectDir = smallFlights();
  state = join(projectDir, ".mill");
  const { code, stderr } = mill(["run", "--project", projectDir]);
  expect(code, stderr).toBe(0);
  ({ settings } = await loadProject({ projectDir, millwrightUrl: installation().millwrightUrl }));
});
afterAll(() => rmSync(projectDir, { recursive: true, force: true }));

/** A number from 0 to below `end`, the same ones in every run. */
function random(end: number): number {
  next = (Math.imul(next, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((next / 2 ** 32) * end);
}

function filesOf(pattern: string): readonly string[] {
  return globSync(pattern, { cwd: state }).toSorted();
}

/** Flips one bit of a file of a kind, lets it be looked at, and puts the file back. */
async function withFlip<Seen>(pattern: string, look: (file: string) => Seen | Promise<Seen>): Promise<Seen> {
  const files = filesOf(pattern);
  const file = files[random(files.length)] ?? "";
  const path = join(state, file);
  const kept = join(projectDir, "kept");
  copyFileSync(path, kept);
  const bytes = readFileSync(path);
  const at = random(bytes.length);
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random(8)), at);
  writeFileSync(path, bytes);
  try {
    return await look(file);
  } finally {
    copyFileSync(kept, path);
  }
}

async function damagedFiles(): Promise<readonly string[]> {
  const findings = await verifyState(settings, statePaths(projectDir), () => {});
  return findings.filter(({ holds }) => !holds).map(({ what }) => what);
}

describe("a flipped bit", () => {
  test("the state as it was left holds, and every kind of file is there", async () => {
    expect(await damagedFiles()).toEqual([]);
    for (const [kind, pattern] of Object.entries(KINDS)) expect(filesOf(pattern), kind).not.toEqual([]);
    expect(mill(["doctor", "--verify", "--project", projectDir]).code).toBe(0);
  });

  test(`is noticed by its file, ${FLIPS} times`, { timeout: 240_000 + FLIPS * 2_000 }, async () => {
    const kinds = Object.entries(KINDS);
    for (let flip = 0; flip < FLIPS; flip += 1) {
      const [kind, pattern] = kinds[flip % kinds.length] ?? ["", ""];
      await withFlip(pattern, async (file) => {
        const expected = kind === "deployment" ? "deployment" : file;
        expect(await damagedFiles(), `${file}, flip ${flip} of seed ${SEED}`).toContain(expected);
      });
    }
    expect(await damagedFiles()).toEqual([]);
  });

  test("in what decides which rows there are gives an error, not an answer", async () => {
    const question = ["sql", "select count(*) from departures", "--project", projectDir];
    const answer = millJson(question);
    for (const kind of ["metadata", "table metadata", "manifest list"]) {
      const damaged = await withFlip((KINDS[kind] ?? "").replace("**", "main/departures/**"), () =>
        mill([...question, "--json"]),
      );
      expect(damaged.code, kind).toBe(1);
      expect(damaged.stdout, kind).toMatch(/(platform|lakehouse)\/damaged-/);
    }
    expect(millJson(question)).toEqual(answer);
  });

  test("in one table keeps no other from being asked, and the step that makes it makes it good", async () => {
    await withFlip("lake/main/departures/metadata/*.metadata.json", () => {
      expect(mill(["sql", "select count(*) from flights", "--project", projectDir]).code).toBe(0);
      const mended = mill(["run", "--select", "departures", "--force", "--project", projectDir]);
      expect(mended.code, mended.stderr).toBe(0);
      expect(mill(["sql", "select count(*) from departures", "--project", projectDir]).code).toBe(0);
    });
  });

  test("is told by the command, with what to do", async () => {
    const answer = await withFlip("lake/main/departures/data/*.parquet", (file) => ({
      file,
      ...mill(["doctor", "--verify", "--project", projectDir]),
    }));
    expect(answer.code).toBe(1);
    expect(answer.stdout).toContain(answer.file);
    expect(answer.stdout).toContain("mill run --select NAME --force");
  });
});

test("a file that is gone is named", async () => {
  const [file = ""] = filesOf("lake/main/departures/data/*.parquet");
  const kept = join(projectDir, "kept");
  copyFileSync(join(state, file), kept);
  rmSync(join(state, file));
  expect(await damagedFiles()).toContain(file);
  copyFileSync(kept, join(state, file));
  expect(statSync(join(state, file)).size).toBeGreaterThan(0);
});
