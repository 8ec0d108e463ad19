import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@millwright/kernel";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { InferenceModel } from "../src/inference/ports.ts";
import { serveModel, type ModelDirectory, type ServedModel } from "../src/inference/served-model.ts";
import { Statistics } from "../src/inference/statistics.ts";
import { HotModels } from "../src/shards/hot-models.ts";
import { LentModels, type CountedCopy, type LentModel } from "../src/shards/lent-models.ts";
import { ModelCopies } from "../src/shards/model-copies.ts";
import { isAsItWas } from "../src/shards/model-origin.ts";
import { shardAway, type Peer } from "../src/shards/peer.ts";

let folder: string;
let nowMs: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mill-copies-test-"));
  mkdirSync(join(folder, "1"));
  writeFileSync(join(folder, "1", "model.onnx"), "weights");
  nowMs = 1_000;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const clock = { nowMs: () => Date.now(), monotonicMs: () => nowMs };
/** Of a file system's times, what is written now is before. */
const LATER_MS = 60_000;

const MODEL: InferenceModel = {
  platform: "test",
  backend: "test",
  inputs: [],
  outputs: [],
  infer: async () => [],
  close: async () => {},
};

function served(told: Partial<Parameters<typeof serveModel>[0]> = {}): ServedModel {
  const origin = { folder, sinceMs: Date.now() + LATER_MS, config: undefined };
  const model = { name: "hot", version: "1", model: MODEL, bytes: 10, config: {}, origin, ...told };
  return serveModel(model, { clock, onCloseFailed: () => {} });
}

/** A directory of one model, which loads as it is told. */
function directoryOf(first: ServedModel | undefined, load: () => ServedModel = served) {
  let current = first;
  const found = () => {
    if (current === undefined) throw new Error("it is not in memory");
    return current;
  };
  const directory = {
    find: found,
    obtain: async () => found(),
    versions: () => [found()],
    load: async () => void (current = load()),
    unload: async () => {
      current?.retire();
      current = undefined;
    },
  };
  return directory as unknown as ModelDirectory;
}

type Answers = Readonly<Record<string, (asked: never) => unknown>>;

function peerOf(answers: Answers): Peer {
  const ask = async (name: string, asked: unknown) => (await answers[name]?.(asked as never)) ?? null;
  return { ask, close: () => {}, send: () => Promise.reject(new Error("nothing is sent here")) };
}

function countsOf(requests: number) {
  const statistics = new Statistics();
  for (let request = 0; request < requests; request += 1) {
    statistics.succeeded({ queueNs: 1, inputNs: 2, inferNs: 3, outputNs: 4 }, { rows: 2, nowMs: 77 });
    statistics.executed({ rows: 2, requests: 2, joinMs: 1, inferMs: 2, splitMs: 1 });
  }
  return statistics;
}

test("what is counted in two places is counted as in one, and is moved once", () => {
  const [one, other, both] = [countsOf(3), countsOf(4), countsOf(7)];
  one.add(other.take());
  expect(one.report()).toEqual(both.report());
  expect(one.latencies.request.counts()).toEqual(both.latencies.request.counts());
  one.add(other.take());
  expect(one.report()).toEqual(both.report());
  expect(other.report()).toMatchObject({ inference_count: 0, execution_count: 0, batch_stats: [] });
});

test("a model is hot where it is asked for often within a second, or waited for half of it", () => {
  const often = new HotModels();
  const asked = (count: number, everyMs: number, waitedMs: number, hot = new HotModels()) =>
    Array.from({ length: count }, (_, at) => hot.answered("m", { waitedMs, nowMs: at * everyMs })).some(Boolean);
  expect(asked(100, 1, 0.1, often)).toBe(true);
  expect(often.answered("other", { waitedMs: 0.1, nowMs: 50 })).toBe(false);
  expect(asked(1_000, 12, 0.1)).toBe(false);
  expect(asked(25, 20, 25)).toBe(true);
  expect(asked(10, 20, 5_000)).toBe(false);
});

test("a model's folder is as it was until something in it changes, whatever times its writer gives it", async () => {
  const origin = (sinceMs: number) => ({ folder, sinceMs, config: undefined });
  expect(await isAsItWas(origin(Date.now() + LATER_MS))).toBe(true);
  utimesSync(join(folder, "1", "model.onnx"), 1, 1);
  expect(await isAsItWas(origin(Date.now() - LATER_MS))).toBe(false);
  expect(await isAsItWas({ ...origin(Date.now() + LATER_MS), folder: join(folder, "gone") })).toBe(false);
  symlinkSync(folder, join(folder, "endless"));
  expect(await isAsItWas(origin(Date.now() + LATER_MS))).toBe(false);
});

test("what does not answer by its inputs alone, in this process, is lent to nobody", async () => {
  const lent = (of: ServedModel) => new LentModels({ own: directoryOf(of), index: 0, peerAt: () => undefined, clock });
  expect(await lent(served()).lend("hot", 1)).toMatchObject({ versions: ["1"], bytes: 10 });
  const workers = () => ({}) as ReturnType<NonNullable<InferenceModel["workers"]>>;
  for (const told of [
    { origin: undefined },
    { origin: { folder, sinceMs: Date.now() - LATER_MS, config: undefined } },
    { config: { sequence_batching: {} } },
    { model: { ...MODEL, workers } },
    { model: { ...MODEL, graph: () => ({ nodes: {} }) } },
  ])
    expect(await lent(served(told)).lend("hot", 1)).toBeUndefined();
  const shared = { ...served(), revisionFor: () => served() };
  expect(await lent(shared).lend("hot", 1)).toBeUndefined();
});

test("another load answers when copies of the one before do no more, and what they counted of it is gone", async () => {
  const [before, after] = [served(), served()];
  const own = directoryOf(before, () => after);
  const { promise: recalled, resolve: answerRecall } = Promise.withResolvers<CountedCopy>();
  const asked: unknown[] = [];
  const recall = (copy: unknown) => {
    asked.push(copy);
    return recalled;
  };
  const lent = new LentModels({ own, index: 0, peerAt: () => peerOf({ recall }), clock });
  const copy = await lent.lend("hot", 1);
  await own.load("hot");
  let isAnswered = false;
  const obtained = lent.obtain("hot").then((found) => {
    isAnswered = true;
    return found;
  });
  await expect.poll(() => asked).toEqual([{ name: "hot", load: copy?.load }]);
  const lentAnew = lent.lend("hot", 2);
  expect(isAnswered).toBe(false);
  const versions = [{ version: "1", counts: countsOf(5).take() }];
  answerRecall({ name: "hot", load: copy?.load ?? "", versions });
  expect(await obtained).toBe(after);
  expect(after.statistics.report().inference_count).toBe(0);
  lent.giveBack({ name: "hot", load: (await lentAnew)?.load ?? "", versions }, 2);
  expect(after.statistics.report().inference_count).toBe(10);
});

test("a process that hangs is waited for until its copy answers no more by itself", async () => {
  let asked = 0;
  const recall = () => {
    asked += 1;
    nowMs += 1_400;
    throw shardAway();
  };
  const lent = new LentModels({ own: directoryOf(served()), index: 0, peerAt: () => peerOf({ recall }), clock });
  await lent.lend("hot", 1);
  await lent.recall("hot");
  expect(asked).toBe(3);
  const gone = () => {
    asked += 1;
    throw shardAway(Object.assign(new Error("nobody"), { code: "ECONNREFUSED" }));
  };
  const other = new LentModels({ own: directoryOf(served()), index: 0, peerAt: () => peerOf({ recall: gone }), clock });
  await other.lend("hot", 1);
  await other.recall("hot");
  expect(asked).toBe(4);
});

/** Copies of models that lie in process 0, whose answers are given. */
function copiesOf(answers: Answers, own = directoryOf(undefined)) {
  const options = { own, copied: new Set<string>(), index: 1, homeOf: () => 0, peerAt: () => peerOf(answers) };
  return new ModelCopies({ ...options, bytesMax: 100, clock, logger: silentLogger });
}

function heat(copies: ModelCopies, name = "hot"): void {
  for (let request = 0; request < 100; request += 1) copies.relayed(name, 0.1);
}

const lentNow = (): LentModel => ({
  load: "1:1",
  versions: ["1"],
  origin: { folder, sinceMs: Date.now() + LATER_MS, config: undefined },
  bytes: 10,
});

test("a copy answers as long as it is renewed, and no longer", async () => {
  const copies = copiesOf({ lend: lentNow, renew: () => ["hot"] });
  heat(copies);
  await expect.poll(() => copies.has("hot")).toBe(true);
  nowMs += 2_999;
  expect(copies.has("hot")).toBe(true);
  await copies.keep();
  nowMs += 2_999;
  expect(copies.has("hot")).toBe(true);
  nowMs += 1;
  expect(copies.has("hot")).toBe(false);
  copies.close();
});

test("a copy that is called back before it is there never answers", async () => {
  const { promise: lent, resolve: lend } = Promise.withResolvers<LentModel>();
  const given: unknown[] = [];
  const copies = copiesOf({ lend: () => lent, giveBack: (told) => given.push(told) });
  heat(copies);
  expect(copies.recall({ name: "hot", load: "1:0" })).toMatchObject({ versions: [] });
  lend(lentNow());
  await expect.poll(() => given.length).toBe(1);
  expect(copies.has("hot")).toBe(false);
  copies.close();
});

test("what is not asked for any more, has other versions, or is larger than all copies may be is no copy", async () => {
  const given: { counted: CountedCopy }[] = [];
  const answers = (lent: Partial<LentModel>): Answers => ({
    lend: () => ({ ...lentNow(), ...lent }),
    renew: () => ["hot"],
    giveBack: (told: { counted: CountedCopy }) => given.push(told),
  });
  for (const odd of [{ versions: ["1", "2"] }, { bytes: 101 }]) {
    const copies = copiesOf(answers(odd));
    heat(copies);
    await expect.poll(() => given.length).toBe(1);
    expect(copies.has("hot")).toBe(false);
    given.length = 0;
    copies.close();
  }
  const copies = copiesOf(answers({}));
  heat(copies);
  await expect.poll(() => copies.has("hot")).toBe(true);
  for (let passed = 0; passed < 60; passed += 1) {
    nowMs += 1_001;
    await copies.keep();
  }
  expect(given).toMatchObject([{ by: 1, counted: { name: "hot", load: "1:1" } }]);
  expect(copies.has("hot")).toBe(false);
  copies.close();
});

test("a copy makes room for another where it is not asked for any more", async () => {
  const own = directoryOf(undefined);
  const byName = new Map<string, ServedModel>();
  const many = {
    ...own,
    find: (name: string) => byName.get(name) ?? own.find(name),
    versions: (name: string) => [byName.get(name) ?? own.find(name)],
    load: async (name: string) => void byName.set(name, served({ name, bytes: 40 })),
    unload: async (name: string) => byName.get(name)?.retire(),
  } as ModelDirectory;
  const given: string[] = [];
  const giveBack = ({ counted: { name } }: { counted: CountedCopy }) => given.push(name);
  const lend = () => ({ ...lentNow(), bytes: 40 });
  const copies = copiesOf({ lend, giveBack, renew: () => ["a", "b", "c"] }, many);
  for (const name of ["a", "b"]) {
    heat(copies, name);
    await expect.poll(() => copies.has(name)).toBe(true);
  }
  heat(copies, "c");
  await expect.poll(() => given).toEqual(["c"]);
  for (let passed = 0; passed < 31; passed += 1) {
    nowMs += 1_000;
    expect(copies.has("a")).toBe(true);
    await copies.keep();
  }
  heat(copies, "c");
  await expect.poll(() => given).toEqual(["c", "b"]);
  expect(["a", "b", "c"].map((name) => copies.has(name))).toEqual([true, false, true]);
  copies.close();
});
