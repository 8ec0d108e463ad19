import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@millwright/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openFolderModels, type InferenceModel } from "../src/inference/index.ts";
import { inferenceMetrics } from "../src/inference/metrics.ts";

// Many models in little memory: they are loaded when they are asked for, and make room for each other.

const MODELS = 60;
const BYTES = 100;
const ROOM = 10;

let root: string;
let opened: string[];
let closed: string[];
let broken: Set<string>;
let now: number;
/** Models whose file is being opened, and what they wait for there. */
let opening: Set<string>;
let gates: Map<string, Promise<void>>;
/** What waits for its time. */
let timers: Set<() => void>;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mill-mesh-"));
  for (let at = 0; at < MODELS; at += 1) addModel(`m${at}`);
  [opened, closed, broken, now] = [[], [], new Set(), 0];
  [opening, gates, timers] = [new Set(), new Map(), new Set()];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function addModel(name: string): void {
  mkdirSync(join(root, name, "1"), { recursive: true });
  writeFileSync(join(root, name, "1", "model.onnx"), "");
}

/** Answers with its own name. */
async function openNamed(file: string): Promise<InferenceModel> {
  const name = file.split("/").at(-3) ?? "";
  opening.add(name);
  await new Promise((done) => setImmediate(done));
  await gates.get(name);
  if (broken.has(name)) throw new Error("it is no model");
  opened.push(name);
  let isClosed = false;
  return {
    platform: "test",
    backend: "test",
    inputs: [],
    outputs: [{ name: "NAME", datatype: "BYTES", shape: [1], dimensionNames: [undefined] }],
    bytes: BYTES,
    infer: async () => {
      for (let turn = 0; turn < 3; turn += 1) await new Promise((done) => setImmediate(done));
      if (isClosed) throw new Error(`${name} was closed while it was asked`);
      return [{ name: "NAME", datatype: "BYTES", shape: [1], data: [Buffer.from(name)] }];
    },
    close: async () => {
      isClosed = true;
      closed.push(name);
    },
  };
}

/** Has a model's next load wait until it is let go. */
function heldUp(name: string): { readonly begun: () => Promise<void>; readonly letGo: () => void } {
  let letGo = () => {};
  opening.delete(name);
  gates.set(name, new Promise((resolve) => (letGo = resolve)));
  const begun = async () => {
    while (!opening.has(name)) await new Promise((done) => setImmediate(done));
  };
  return { begun, letGo };
}

const open = (pinned: readonly string[] = [], more: { readonly loadsMax?: number; readonly loadMsMax?: number } = {}) =>
  openFolderModels({
    root,
    openModel: openNamed,
    clock: { nowMs: () => 0, monotonicMs: () => now },
    logger: silentLogger,
    onDemand: { bytesMax: ROOM * BYTES, pinned, ...more },
    after: (_, work) => {
      timers.add(work);
      return () => timers.delete(work);
    },
  });

async function ask(models: Awaited<ReturnType<typeof open>>, name: string): Promise<string> {
  const served = await models.obtain(name);
  const { outputs } = await served.use(() => served.scheduler.run({ inputs: [], outputs: ["NAME"], rows: 1 }));
  return String(((outputs[0]?.data ?? []) as readonly Buffer[])[0]);
}

describe("models that are loaded on demand", () => {
  test("answer for themselves, within the memory they may take, however they are asked", async () => {
    const models = await open();
    expect(models.residency()).toMatchObject({ models: 0, loads: 0 });
    let state = 5;
    const pick = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      // The first are asked for far more often than the last.
      return Math.floor(MODELS * (state / 2 ** 32) ** 3);
    };
    let most = 0;
    const caller = async () => {
      for (let asked = 0; asked < 200; asked += 1) {
        const name = `m${pick()}`;
        expect(await ask(models, name)).toBe(name);
        most = Math.max(most, models.residency().models);
      }
    };
    await Promise.all(Array.from({ length: 8 }, caller));
    const { bytes, evictions, loads } = models.residency();
    expect([most, bytes]).toEqual([ROOM, ROOM * BYTES]);
    expect(loads).toBe(opened.length);
    expect(loads - evictions).toBe(ROOM);
    // The popular ones stay: far fewer loads than requests.
    expect(loads).toBeLessThan(1_000);
    await new Promise((done) => setTimeout(done, 20));
    expect(closed).toHaveLength(evictions);
    expect((await models.index()).map(({ state: ready }) => ready)).toEqual(
      Array.from({ length: MODELS }, () => "READY"),
    );
  });

  test("are loaded once for all who ask at once", async () => {
    const models = await open();
    await Promise.all(Array.from({ length: 50 }, () => ask(models, "m3")));
    expect(opened).toEqual(["m3"]);
  });

  test("that are pinned are loaded at the start and stay", async () => {
    const models = await open(["m50", "m51"]);
    expect(opened.toSorted()).toEqual(["m50", "m51"]);
    for (let at = 0; at < 30; at += 1) await ask(models, `m${at}`);
    await ask(models, "m50");
    expect(opened.filter((name) => name === "m50")).toHaveLength(1);
    await expect(open(["none"])).rejects.toMatchObject({ code: "inference/unknown-model" });
  });

  test("that fail are told so, and tried again after a while; others answer", async () => {
    const models = await open();
    broken.add("m7");
    await expect(ask(models, "m7")).rejects.toMatchObject({ code: "inference/cannot-load" });
    broken.delete("m7");
    await expect(ask(models, "m7")).rejects.toMatchObject({ code: "inference/not-ready" });
    expect(await ask(models, "m8")).toBe("m8");
    now += 10_000;
    expect(await ask(models, "m7")).toBe("m7");
  });

  test("that were unloaded by name stay away until they are loaded by name", async () => {
    const models = await open();
    await ask(models, "m1");
    await models.unload("m1");
    expect(await models.answers("m1")).toBe(false);
    await expect(ask(models, "m1")).rejects.toMatchObject({ code: "inference/not-ready" });
    await models.load("m1");
    expect(await ask(models, "m1")).toBe("m1");
  });

  test("that made room while their reload failed are gone, not answered by what is closed", async () => {
    const models = await open();
    for (let at = 0; at < ROOM; at += 1) await ask(models, `m${at}`);
    broken.add("m0");
    const { begun, letGo } = heldUp("m0");
    const reload = models.load("m0").catch((error: unknown) => error);
    await begun();
    await ask(models, "m20");
    letGo();
    expect(await reload).toMatchObject({ code: "inference/cannot-load" });
    await expect(ask(models, "m0")).rejects.toMatchObject({ code: "inference/not-ready" });
    broken.delete("m0");
    now += 10_000;
    expect(await ask(models, "m0")).toBe("m0");
  });

  test("that are unloaded while they wait for their load stay away", async () => {
    const models = await open([], { loadsMax: 1 });
    for (let at = 0; at <= ROOM; at += 1) await ask(models, `m${at}`);
    const { begun, letGo } = heldUp("m20");
    const other = ask(models, "m20");
    await begun();
    const waits = ask(models, "m0").catch((error: unknown) => error);
    await models.unload("m0");
    letGo();
    expect(await waits).toMatchObject({ code: "inference/not-ready" });
    expect(await other).toBe("m20");
    expect(await models.answers("m0")).toBe(false);
  });

  test("are loaded so many at once, and one that takes too long is told so and keeps no other away", async () => {
    const models = await open([], { loadsMax: 2 });
    const held = ["m1", "m2", "m3"].map((name) => ({ name, ...heldUp(name) }));
    const answers: Promise<string>[] = [];
    for (const { name, begun } of held) {
      answers.push(ask(models, name).catch(({ code }: { code: string }) => code));
      if (name !== "m3") await begun();
    }
    // One for whoever waits, one for the slot; whoever waits for a slot has none yet.
    while (timers.size < 5) await new Promise((done) => setImmediate(done));
    expect(opening.has("m3")).toBe(false);
    for (const over of Array.from(timers).slice(0, 4)) over();
    await held[2]?.begun();
    expect(await Promise.all(answers.slice(0, 2))).toEqual(["inference/deadline", "inference/deadline"]);
    for (const { letGo } of held) letGo();
    expect(await answers[2]).toBe("m3");
    // The others went on.
    while (models.served().length < 3) await new Promise((done) => setImmediate(done));
    expect(await ask(models, "m1")).toBe("m1");
    expect(opened.filter((name) => name === "m1")).toHaveLength(1);
    await ask(models, "m2");
    expect(timers.size).toBe(0);
  });

  test("whose turn does not come in time are told so as well, and are there once it has come", async () => {
    const models = await open([], { loadsMax: 1 });
    const { begun, letGo } = heldUp("m1");
    const first = ask(models, "m1");
    await begun();
    const waits = ask(models, "m2").catch(({ code }: { code: string }) => code);
    while (timers.size < 3) await new Promise((done) => setImmediate(done));
    Array.from(timers).at(-1)?.();
    expect(await waits).toBe("inference/deadline");
    letGo();
    expect(await first).toBe("m1");
    while (models.served().length < 2) await new Promise((done) => setImmediate(done));
    expect([await ask(models, "m2"), timers.size]).toEqual(["m2", 0]);
  });

  test("make no room for one that turns out to be none", async () => {
    const models = await open();
    for (let at = 0; at < ROOM; at += 1) await ask(models, `m${at}`);
    broken.add("m30");
    await expect(ask(models, "m30")).rejects.toMatchObject({ code: "inference/cannot-load" });
    expect(models.residency()).toMatchObject({ models: ROOM, evictions: 0 });
  });

  test("are closed again where their configuration is not theirs", async () => {
    const models = await open();
    const config = JSON.stringify({ name: "another" });
    await expect(models.load("m1", { config })).rejects.toMatchObject({ code: "inference/cannot-load" });
    expect([opened, closed]).toEqual([["m1"], ["m1"]]);
  });

  test("have versions that are moments, with all their digits, the newest last", async () => {
    for (const version of ["20261127235959123", "20261127235959125"]) {
      mkdirSync(join(root, "m1", version));
      writeFileSync(join(root, "m1", version, "model.onnx"), "");
    }
    const models = await open();
    await models.load("m1", { config: JSON.stringify({ version_policy: { all: {} } }) });
    const versions = models.versions("m1").map(({ version }) => version);
    expect(versions).toEqual(["1", "20261127235959123", "20261127235959125"]);
  });

  test("are closed once the server is", async () => {
    const models = await open(["m1", "m2"]);
    await models.close();
    expect(closed.toSorted()).toEqual(["m1", "m2"]);
  });

  test("keep the configuration that they were loaded with when they come back", async () => {
    const models = await open();
    await models.load("m1", { config: JSON.stringify({ max_batch_size: 0, metric_tags: { by: "hand" } }) });
    for (let at = 10; at < 10 + ROOM; at += 1) await ask(models, `m${at}`);
    expect(models.residency().evictions).toBe(1);
    await ask(models, "m1");
    expect(opened.filter((name) => name === "m1")).toHaveLength(2);
    expect(models.find("m1").config).toMatchObject({ metric_tags: { by: "hand" } });
  });

  test("make room by their priority, and those asked for longest ago first", async () => {
    for (const [name, priority] of [
      ["m0", "PRIORITY_MAX"],
      ["m5", "PRIORITY_MIN"],
    ] as const)
      writeFileSync(join(root, name, "config.pbtxt"), `optimization { priority: ${priority} }`);
    const models = await open();
    for (let at = 0; at < ROOM; at += 1) await ask(models, `m${at}`);
    const residents = () => models.served().map(({ name }) => name);
    await ask(models, "m20");
    expect(residents()).not.toContain("m5");
    await ask(models, "m21");
    expect(residents()).not.toContain("m1");
    for (let at = 30; at < 30 + ROOM; at += 1) await ask(models, `m${at}`);
    expect(residents()).toContain("m0");
  });

  test("are found again once a folder that could not be read can be", async () => {
    const models = await open();
    now += 2_000;
    renameSync(root, `${root}-away`);
    await expect(ask(models, "m1")).rejects.toMatchObject({ code: "inference/unknown-model" });
    renameSync(`${root}-away`, root);
    now += 2_000;
    expect(await ask(models, "m1")).toBe("m1");
  });

  test("are found when they are laid into the folder while it is served; other names are unknown", async () => {
    const models = await open();
    await expect(ask(models, "later")).rejects.toMatchObject({ code: "inference/unknown-model" });
    addModel("later");
    now += 2_000;
    expect(await models.answers("later")).toBe(true);
    expect(await ask(models, "later")).toBe("later");
    for (const name of ["..", "../m1", "m1/1", ""])
      await expect(ask(models, name)).rejects.toMatchObject({ code: "inference/unknown-model" });
  });

  test("are told to Prometheus, however many were asked", async () => {
    const models = await open();
    await ask(models, "m1");
    const [one] = models.served();
    if (one === undefined) throw new Error("there is none");
    one.statistics.succeeded({ queueNs: 1, inputNs: 1, inferNs: 1, outputNs: 1 }, { rows: 1, nowMs: 0 });
    const text = inferenceMetrics({
      models: {
        ...models,
        residency: () => models.residency(),
        served: () => Array.from({ length: 2_000 }, () => one),
      },
    });
    expect(text.match(/^request_predict_seconds_count/gm)).toHaveLength(2_000);
    expect(text).toContain("millwright_models_resident 1");
  });
});
