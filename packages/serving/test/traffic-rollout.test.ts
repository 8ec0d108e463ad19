import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemIds } from "@millwright/kernel";
import { makeFolderSync, migrate, writeSums, writeFileDurably } from "@millwright/platform";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { createTracking, trackingMigrations } from "@millwright/tracking";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { defineService } from "../src/define-service.ts";
import { deployVersions, readDeployment } from "../src/deploy-version.ts";
import type { LabelNumbers } from "../src/traffic/judge-labels.ts";
import { judgeStep } from "../src/traffic/judge-rollout.ts";
import { rolloutRules } from "../src/traffic/rollout-rules.ts";
import { advanceRollout, restartRollout, rolloutState, type LabelsAsked } from "../src/traffic/rollout.ts";
import { scoreDrift } from "../src/traffic/score-histogram.ts";
import { deployTraffic, listDecisions, serviceVersion, setTraffic } from "../src/traffic/traffic.ts";
import type { TrafficCounts } from "../src/traffic/traffic-counts.ts";
import { trafficRoutes } from "../src/traffic/http.ts";
import { createTrafficStore, servingMigrations } from "../src/traffic/traffic-store.ts";

// A new version gets more and more of the traffic as long as it does well, whoever looks.

const RULES = rolloutRules({ variant: "challenger", every: "1m", requestsMin: 100 });
const FAST = [900, 90, 9, 1];
interface Told {
  readonly failed?: number;
  readonly latency?: readonly number[];
  readonly scores?: Readonly<Record<string, number>>;
}
const counts = (answered: number, { failed = 0, latency = FAST, scores = { "10": answered } }: Told = {}) => ({
  answered,
  failed,
  latency,
  scores,
});
const judged = (variant: ReturnType<typeof counts>, primary = counts(1_000), tookMs = 60_000) =>
  judgeStep(
    RULES,
    { primary, variant, last: undefined },
    { stepTookMs: tookMs, tookMs, isLast: false, labelled: undefined },
  ).verdict;

describe("a step of a rollout", () => {
  test("waits for enough requests and for its time, and is good then", () => {
    expect(judged(counts(99))).toMatchObject({ kind: "wait", reason: "99 of 100 requests have come to it" });
    expect(judged(counts(100), counts(1_000), 59_999)).toMatchObject({ kind: "wait" });
    expect(judged(counts(100))).toMatchObject({ kind: "good" });
    expect(judged(counts(1_000), counts(99))).toMatchObject({
      kind: "wait",
      reason: "99 of 100 requests have come to the service's own",
    });
  });

  test("is bad where more fail than of the service's own, at once where that is no chance", () => {
    expect(judged(counts(20, { failed: 20 }), counts(1_000), 0)).toMatchObject({ kind: "bad" });
    expect(judged(counts(4, { failed: 4 }), counts(1_000), 0)).toMatchObject({ kind: "wait" });
    expect(judged(counts(196, { failed: 4 }))).toMatchObject({
      kind: "bad",
      reason: "2.00 % of its requests failed, where 1.00 % may",
    });
    expect(judged(counts(196, { failed: 4 }), counts(980, { failed: 20 }))).toMatchObject({ kind: "good" });
  });

  test("is bad where it is slower, or answers otherwise", () => {
    const slow = [...Array.from({ length: 8 }, () => 0), 1_000];
    expect(judged(counts(1_000, { latency: slow }))).toMatchObject({ kind: "bad" });
    expect(judged(counts(1_000, { scores: { "90": 1_000 } }))).toMatchObject({
      kind: "bad",
      reason: expect.stringContaining("distributed otherwise") as string,
    });
  });

  test("takes no chance for a drift", () => {
    const spread = (seed: number, many: number) => {
      const scores: Record<string, number> = {};
      let state = seed;
      for (let at = 0; at < many; at += 1) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        const bin = String(Math.floor((state / 2 ** 32) * 100));
        scores[bin] = (scores[bin] ?? 0) + 1;
      }
      return scores;
    };
    for (let seed = 1; seed < 50; seed += 1)
      expect(scoreDrift(spread(seed, 2_000), spread(seed + 1_000, 100)) ?? 1).toBeLessThan(0.25);
    expect(scoreDrift({ "=a": 900, "=b": 100 }, { "=a": 100, "=b": 900 }) ?? 0).toBeGreaterThan(1);
    expect(scoreDrift({}, { "1": 1 })).toBeUndefined();
  });
});

describe("a rollout", () => {
  const definition = defineService({
    name: "late",
    model: "late-flights@champion",
    traffic: { rollout: { variant: "challenger", steps: [10, 50], every: "1m", requestsMin: 100 } },
  });
  let folder: string;
  let nowMs: number;
  let told: TrafficCounts | undefined;
  let labelled: LabelNumbers | undefined;
  const labelsAsked: LabelsAsked[] = [];
  let opened: Awaited<ReturnType<typeof open>>;

  /** All that a process has, made anew as after its death. */
  async function open() {
    const database = openSqliteDatabase({ path: join(folder, "metadata.db") });
    await migrate(database, [trackingMigrations, servingMigrations], 0);
    const world = { database, clock: { nowMs: () => nowMs, monotonicMs: () => nowMs }, ids: systemIds };
    const tracking = createTracking(world);
    const places = { deploymentFile: join(folder, "deployment.json"), onlineStorePath: "", ids: systemIds };
    const ports = { ...places, ...world, tracking, traffic: createTrafficStore(world), counts: async () => told };
    const readLabels = async (asked: LabelsAsked) => {
      labelsAsked.push(asked);
      return labelled;
    };
    return { ports: { ...ports, labelled: readLabels }, close: () => database.close() };
  }

  async function register(
    aliases: readonly string[],
    { request = [], objective = "binary" }: { readonly request?: readonly object[]; readonly objective?: string } = {},
  ) {
    const { tracking } = opened.ports;
    const artifactPath = join(folder, systemIds());
    makeFolderSync(artifactPath);
    const signature = Buffer.from(JSON.stringify({ features: [], request, selections: [] }));
    await writeFileDurably(join(artifactPath, "signature.json"), signature.toString());
    await writeSums(artifactPath, { "signature.json": signature });
    const details = { objective, classes: [] };
    return tracking.register({ model: "late-flights", runId: "run", artifactPath, details, aliases, reason: "made" });
  }

  const routes = (definitions = [definition]) => {
    const all = trafficRoutes(() => ({ parts: opened.ports, services: definitions, servingUrl: () => undefined }));
    return async (id: string, body: object = {}) => {
      const found = all.find((one) => one.id === id);
      const call = { params: { name: "late" }, query: {}, accept: undefined, signal: new AbortController().signal };
      return found?.handler({ ...call, body: { by: "ana", reason: "to see", ...body } });
    };
  };
  const look = () => advanceRollout(opened.ports, definition);
  const state = async () => {
    const now = await rolloutState(opened.ports, "late");
    return [now?.phase, now?.step];
  };
  const deployedWeights = async () => {
    const [service] = (await readDeployment(opened.ports)).services;
    return [service?.version, service?.traffic?.weights];
  };
  const answers = (versions: readonly number[], each: number, { instance = "a", failed = 0 } = {}): TrafficCounts => ({
    instance,
    shadows: [],
    variants: versions.map((version, at) => ({
      service: "late",
      variant: at === 0 ? "champion" : "challenger",
      version,
      ...counts(each, at === 0 ? {} : { failed }),
    })),
  });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "mill-rollout-"));
    nowMs = 1_000_000;
    told = answers([1, 2], 0);
    opened = await open();
    const version = await register(["champion"]);
    await deployVersions(opened.ports, [await serviceVersion(opened.ports, { definition, version })]);
  });
  afterEach(async () => {
    await opened.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("goes from step to step to the service's own, in whichever process", async () => {
    await look();
    expect(await state()).toEqual([undefined, undefined]);
    await register(["challenger"]);
    await look();
    expect([await state(), await deployedWeights()]).toEqual([
      ["progressing", 0],
      [1, { champion: 90, challenger: 10 }],
    ]);
    told = answers([1, 2], 60);
    await look();
    // The serving process has died, and counts anew; then this one has.
    told = answers([1, 2], 60, { instance: "b" });
    await look();
    await opened.close();
    opened = await open();
    nowMs += 60_000;
    await look();
    expect([await state(), await deployedWeights()]).toEqual([
      ["progressing", 1],
      [1, { champion: 50, challenger: 50 }],
    ]);
    told = answers([1, 2], 59, { instance: "b" });
    nowMs += 60_000;
    await look();
    expect(await state()).toEqual(["progressing", 1]);
    told = answers([1, 2], 170, { instance: "b" });
    await look();
    expect([await state(), await deployedWeights()]).toEqual([
      ["promoted", 1],
      [2, undefined],
    ]);
    const decisions = await listDecisions(opened.ports, "late");
    expect(decisions.map(({ kind, by }) => `${kind} by ${by}`)).toEqual([
      "promote by rollout",
      "step by rollout",
      "begin by rollout",
      "defined by definition",
    ]);
    expect(decisions[1]?.numbers).toMatchObject({ variant: { requests: 120, errorRate: 0 } });
    await look();
    expect((await listDecisions(opened.ports, "late")).length).toBe(4);
  });

  test("takes all from a version that fails, which is not tried again until somebody asks for it", async () => {
    await register(["challenger"]);
    await look();
    told = answers([1, 2], 10, { failed: 30 });
    await look();
    expect([await state(), await deployedWeights()]).toEqual([
      ["rolled-back", 0],
      [1, undefined],
    ]);
    await look();
    expect((await listDecisions(opened.ports, "late"))[0]).toMatchObject({
      kind: "rollback",
      versions: { champion: 1 },
    });
    await restartRollout(opened.ports, "late");
    await look();
    expect(await state()).toEqual(["progressing", 0]);
    // A newer version is another matter too.
    told = answers([1, 2], 10, { failed: 60 });
    await look();
    await register(["challenger"]);
    await look();
    expect(await state()).toEqual(["progressing", 0]);
  });

  test("that died between making a version the service's own and saying so, says so", async () => {
    const { version } = await register(["challenger"]);
    await look();
    await opened.ports.tracking.promote({ model: "late-flights", alias: "champion", version, reason: "cut off" });
    await look();
    expect(await state()).toEqual(["promoted", 0]);
    expect((await listDecisions(opened.ports, "late"))[0]).toMatchObject({ kind: "promote", by: "rollout" });
    expect(await deployedWeights()).toEqual([2, undefined]);
  });

  test("does not undo what somebody has decided while it looked", async () => {
    await register(["challenger"]);
    await look();
    nowMs += 60_000;
    const [entered, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const looking = advanceRollout(
      {
        ...opened.ports,
        counts: async () => {
          entered.resolve();
          await gate.promise;
          return answers([1, 2], 200);
        },
      },
      definition,
    );
    await entered.promise;
    const back = routes()("rollbackTraffic");
    for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
    gate.resolve();
    await Promise.all([looking, back]);
    expect([await state(), await deployedWeights()]).toEqual([
      ["rolled-back", 1],
      [1, undefined],
    ]);
    await look();
    expect((await listDecisions(opened.ports, "late"))[0]).toMatchObject({ kind: "rollback", by: "ana" });
  });

  test("begins anew where its definition has other steps: those that have been taken were not of them", async () => {
    await register(["challenger"]);
    await look();
    nowMs += 60_000;
    told = answers([1, 2], 200);
    await look();
    expect(await state()).toEqual(["progressing", 1]);
    const rollout = { variant: "challenger", steps: [20, 100], every: "1m", requestsMin: 100 };
    const other = defineService({ name: "late", model: "late-flights@champion", traffic: { rollout } });
    nowMs += 60_000;
    told = answers([1, 2], 400);
    await advanceRollout(opened.ports, other);
    expect([await state(), await deployedWeights()]).toEqual([
      ["progressing", 0],
      [1, { champion: 80, challenger: 20 }],
    ]);
  });

  test("has ended without its version where another was made the service's own by hand", async () => {
    await register(["challenger"]);
    await look();
    await register([]);
    await routes()("promoteVariant", { variant: "3" });
    expect([await state(), await deployedWeights()]).toEqual([
      ["taken-over", 0],
      [3, undefined],
    ]);
  });

  test("a deployment that is slow does not take the place of what was promoted meanwhile", async () => {
    const { version } = await register([]);
    const { tracking } = opened.ports;
    let later: Promise<unknown> | undefined;
    const byAlias: typeof tracking.byAlias = async (...asked) => {
      const found = await tracking.byAlias(...asked);
      later ??= routes()("promoteVariant", { variant: String(version) });
      for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
      return found;
    };
    const other = defineService({ name: "late", model: "late-flights@champion", traffic: { experiment: "b" } });
    await register(["challenger"]);
    await routes()("setTraffic", { weights: { challenger: 10 } });
    await deployTraffic({ ...opened.ports, tracking: { ...tracking, byAlias } }, [other]);
    await later;
    expect(await deployedWeights()).toEqual([2, undefined]);
  });

  test("moves no alias to a version beside which its shadow could not be asked", async () => {
    const shadowed = defineService({ name: "late", model: "late-flights@champion", traffic: { shadow: "old" } });
    await register(["old"]);
    await register([], { objective: "squared" });
    await expect(routes([shadowed])("promoteVariant", { variant: "3" })).rejects.toMatchObject({
      code: "serving/wrong-traffic",
    });
    expect((await opened.ports.tracking.byAlias("late-flights", "champion"))?.version).toBe(1);
  });

  test("shares nothing with a version that would refuse what callers of the service's own send", async () => {
    const request = [{ name: "delay", type: "long", nullable: true }];
    await register(["champion"], { request });
    const refused = [
      { name: "delay", type: "string", nullable: true },
      { name: "delay", type: "long", nullable: false },
    ];
    for (const field of refused) {
      const { version } = await register([], { request: [field] });
      await expect(routes()("setTraffic", { weights: { [version]: 10 } })).rejects.toMatchObject({
        code: "serving/wrong-traffic",
      });
    }
    const { version } = await register([], { request: [{ ...refused[0], type: "double" }] });
    await routes()("setTraffic", { weights: { [version]: 10 } });
  });

  describe("that goes by labels", () => {
    const labels = { monitor: "late-drift", metric: "log_loss", worseBy: 0.05, labelsMin: 50 } as const;
    const rollout = { variant: "challenger", steps: [10, 50], every: "1m", requestsMin: 100, labels };
    const byLabels = defineService({ name: "late", model: "late-flights@champion", traffic: { rollout } });
    const numbers = (primary: number, variant: number, of = 50) =>
      ({
        metric: "log_loss",
        primary: { labels: 70, value: primary, standardError: 0.002 },
        variant: { labels: of, value: variant, standardError: 0.002 },
      }) as const;
    const minutesLater = async (minutes: number) => {
      told = answers([1, 2], 1_000 * minutes);
      nowMs += 60_000 * minutes;
      await advanceRollout(opened.ports, byLabels);
    };

    test("takes its steps, and waits with the last until labels have told that it is no worse", async () => {
      await register(["challenger"]);
      labelled = undefined;
      await advanceRollout(opened.ports, byLabels);
      const beganMs = nowMs;
      await minutesLater(1);
      expect(await state()).toEqual(["progressing", 1]);
      await minutesLater(60);
      expect(await state()).toEqual(["progressing", 1]);
      labelled = numbers(0.3, 0.31, 49);
      await minutesLater(600);
      expect(await state()).toEqual(["progressing", 1]);
      expect((await rolloutState(opened.ports, "late"))?.reason).toBe("49 of 50 labels have come for its answers");
      expect(labelsAsked.at(-1)).toMatchObject({ ...labels, service: "late", sinceMs: beganMs });
      labelled = numbers(0.3, 0.34);
      await minutesLater(700);
      expect([await state(), await deployedWeights()]).toEqual([
        ["promoted", 1],
        [2, undefined],
      ]);
      const [decision] = await listDecisions(opened.ports, "late");
      expect(decision).toMatchObject({
        kind: "promote",
        by: "rollout",
        reason: expect.stringMatching(
          /^every gate holds, and its log_loss is 0\.3400 by 50 labels, beside 0\.3000 by 70: worse by 0\.03\d\d to 0\.04\d\d at 95 %$/,
        ) as string,
        numbers: { labels: labelled },
      });
    });

    test("is rolled back at its deadline where labels have not told by then, with what was waited for", async () => {
      await register(["challenger"]);
      await advanceRollout(opened.ports, byLabels);
      await minutesLater(1);
      labelled = numbers(0.3, 0.349);
      await minutesLater(30 * 24 * 60 - 2);
      expect(await state()).toEqual(["progressing", 1]);
      // Another process looks on.
      await opened.close();
      opened = await open();
      await minutesLater(1);
      expect([await state(), await deployedWeights()]).toEqual([
        ["rolled-back", 1],
        [1, undefined],
      ]);
      expect((await listDecisions(opened.ports, "late"))[0]).toMatchObject({
        kind: "rollback",
        by: "rollout",
        reason: expect.stringMatching(/^ProgressDeadlineExceeded: .* inconclusive: its log_loss is 0\.3490/) as string,
      });
    });

    test("is rolled back as soon as labels tell that it is worse", async () => {
      await register(["challenger"]);
      await advanceRollout(opened.ports, byLabels);
      labelled = numbers(0.3, 0.38);
      await advanceRollout(opened.ports, byLabels);
      expect([await state(), await deployedWeights()]).toEqual([
        ["rolled-back", 0],
        [1, undefined],
      ]);
      expect((await listDecisions(opened.ports, "late"))[0]).toMatchObject({
        kind: "rollback",
        reason: expect.stringContaining("worse by more than 0.05") as string,
        numbers: { labels: labelled },
      });
    });
  });

  test("compares a version with something from its first step on", () => {
    const traffic = { rollout: { variant: "challenger", steps: [100] } };
    expect(() => defineService({ name: "late", model: "late-flights@champion", traffic })).toThrow("the first step");
  });

  test("does nothing while nobody answers, and refuses what is no version", async () => {
    await register(["challenger"]);
    told = undefined;
    await look();
    expect(await state()).toEqual([undefined, undefined]);
    const change = { by: "ana", reason: "to see" };
    await expect(setTraffic(opened.ports, definition, { ...change, weights: { nobody: 10 } })).rejects.toMatchObject({
      code: "serving/wrong-traffic",
    });
  });
});
