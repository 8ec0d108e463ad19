import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defineService } from "../src/define-service.ts";
import { murmurHash } from "../src/traffic/murmur-hash.ts";
import { servingErrors } from "../src/errors.ts";
import type { LoadedService } from "../src/service.ts";
import { routeTraffic } from "../src/traffic/route-traffic.ts";
import { createVariantMeter } from "../src/traffic/variant-meter.ts";
import { createSplit, weightsProblem } from "../src/traffic/split.ts";
import type { TrafficOptions } from "../src/traffic/traffic-options.ts";
import { definedHash, standingWeights } from "../src/traffic/resolve-traffic.ts";
import type { TrafficStore } from "../src/traffic/traffic-store.ts";
import { requestKey, rowKey } from "../src/traffic/sticky-key.ts";

// Which of the versions that share a service's requests a key goes to.

const KEYS = Array.from({ length: 20_000 }, (_, at) => `customer-${at}`);
const salt = "late-flights";
const canarySplit = (percent: number) => [
  { name: "stable", weight: 100 - percent },
  { name: "canary", weight: percent },
];
const canary = (percent: number) => createSplit(canarySplit(percent), { salt });
const taken = (percent: number) => new Set(KEYS.filter((key) => canary(percent).choose(key).name === "canary"));

describe("the hash of a key", () => {
  test("is MurmurHash3 of its UTF-8 bytes", () => {
    // Appleby's verification values, as many implementations publish them.
    expect(murmurHash("", 0)).toBe(0);
    expect(murmurHash("", 1)).toBe(0x514e28b7);
    expect(murmurHash("test", 0x9747b28c)).toBe(0x704b81dc);
    expect(murmurHash("Hello, world!", 0x9747b28c)).toBe(0x24884cba);
    expect(murmurHash("The quick brown fox jumps over the lazy dog", 0x9747b28c)).toBe(0x2fa826cd);
    expect(murmurHash("ππππππππ", 0x9747b28c)).toBe(0xd58063c1);
  });
});

test("weights that were set by hand stand while the definition says nothing else of weights, whatever it says besides", async () => {
  const weights = { champion: 90, candidate: 10 };
  const defined = (traffic?: TrafficOptions) =>
    defineService({ name: "late", model: "late@champion", ...(traffic === undefined ? {} : { traffic }) });
  const standing = async (before: ReturnType<typeof defined>, now: ReturnType<typeof defined>) => {
    const plan = { service: "late", weights, definedHash: definedHash(before) };
    return (await standingWeights({ plan: async () => plan } as unknown as TrafficStore, now)).weights;
  };
  const sticky = defined({ stickyBy: { field: "origin" } });
  const halves = defined({ weights: { candidate: 50 } });
  expect(await standing(defined(), sticky)).toEqual(weights);
  expect(await standing(sticky, defined())).toEqual(weights);
  expect(await standing(halves, halves)).toEqual(weights);
  expect(await standing(defined(), halves)).toEqual({ champion: 50, candidate: 50 });
  expect(await standing(halves, sticky)).toEqual({ champion: 100 });
});

describe("a split by weights", () => {
  test("gives each target its share", () => {
    for (const percent of [1, 5, 25, 50, 90]) {
      const share = taken(percent).size / KEYS.length;
      // Four standard deviations of that many draws.
      expect(Math.abs(share - percent / 100)).toBeLessThan(
        4 * Math.sqrt(((percent / 100) * (1 - percent / 100)) / KEYS.length),
      );
    }
    expect(taken(0).size).toBe(0);
    expect(taken(100).size).toBe(KEYS.length);
  });

  test("keeps those that it has while a canary grows, and lets go only of some of them while it shrinks", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }), (one, other) => {
        const [less, more] = [canary(Math.min(one, other)), canary(Math.max(one, other))];
        for (const key of KEYS.slice(0, 300))
          if (less.choose(key).name === "canary") expect(more.choose(key).name).toBe("canary");
      }),
    );
  });

  test("of any weights moves keys only to a target that grew beside the one they were at", () => {
    const weights = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 2, maxLength: 5 });
    const change = fc.tuple(
      weights,
      fc.nat(),
      fc.integer({ min: 1, max: 200 }),
      fc.array(fc.string(), { minLength: 20 }),
    );
    fc.assert(
      fc.property(change, ([before, place, weight, keys]) => {
        const targets = before.map((own, at) => ({ name: `v${at}`, weight: own }));
        const grown = targets.map((target, at) => (at === place % targets.length ? { ...target, weight } : target));
        const [old, now] = [createSplit(targets, { salt }), createSplit(grown, { salt })];
        const name = `v${place % targets.length}`;
        const [loses, wins] = weight >= (before[place % targets.length] ?? 0) ? ["", name] : [name, ""];
        for (const key of keys) {
          const [from, to] = [old.choose(key).name, now.choose(key).name];
          if (from !== to) expect([from === loses || loses === "", to === wins || wins === ""]).toEqual([true, true]);
        }
      }),
    );
  });

  test("assigns the same keys anew under another salt", () => {
    const other = createSplit(canarySplit(50), { salt: "another experiment" });
    const moved = KEYS.filter((key) => other.choose(key).name !== canary(50).choose(key).name);
    expect(moved.length / KEYS.length).toBeCloseTo(0.5, 1);
  });

  test("has weights that make 100", () => {
    expect(weightsProblem({ a: 33.3, b: 66.7 })).toBeUndefined();
    expect(weightsProblem({ a: 90, b: 20 })).toBe("the weights make 110, and not 100");
    expect(weightsProblem({ a: -1, b: 101 })).toContain("no percentage");
    expect(() => createSplit([{ name: "a", weight: 0 }], { salt })).toThrow(RangeError);
  });
});

test("a function has no versions that could share its requests", () => {
  const fields = { request: { at: "double" }, response: { advice: "string" } } as const;
  const predict = () => ({ advice: "" });
  const define = (more: object) => defineService({ name: "advice", ...fields, predict, ...more } as never);
  expect(() => define({})).not.toThrow();
  expect(() => define({ traffic: { weights: { challenger: 10 } } })).toThrow("a function answers advice");
});

describe("the key of a request", () => {
  test("is a field of its row, a parameter or a header, the same as a number and as text", () => {
    expect(rowKey({ field: "origin" }, { origin: "ORD" })).toBe("ORD");
    expect([rowKey({ field: "id" }, { id: 7 }), rowKey({ field: "id" }, { id: "7" })]).toEqual(["7", "7"]);
    expect(rowKey({ field: "toString" }, {})).toBeUndefined();
    expect(requestKey({ parameter: "user" }, { parameters: { user: 7n } })).toBe("7");
    expect(requestKey({ header: "X-User" }, { headers: { "x-user": "ana" } })).toBe("ana");
    expect(requestKey({ header: "x-user" }, { headers: { "x-user": "" } })).toBeUndefined();
    expect(requestKey({ field: "user" }, { parameters: { user: "ana" } })).toBeUndefined();
  });

  test("is one for what REST and gRPC send in different ways", () => {
    const keys = (values: readonly unknown[]) =>
      new Set(
        values.flatMap((user) => [
          rowKey({ field: "user" }, { user }),
          requestKey({ parameter: "user" }, { parameters: { user } }),
        ]),
      );
    expect(keys([true, 1, 1n, "1", "true"])).toEqual(new Set(["1"]));
    expect(keys([false, 0, -0, 0n, "0", "false"])).toEqual(new Set(["0"]));
    // As JSON brings it, and as an int64 of gRPC.
    expect(keys([JSON.parse("9007199254740993"), 9_007_199_254_740_993n])).toEqual(new Set(["9007199254740992"]));
    expect(keys([JSON.parse("18446744073709551615"), 2n ** 64n - 1n]).size).toBe(1);
    expect(keys(["9007199254740993"])).toEqual(new Set(["9007199254740993"]));
    expect(keys([Number.NaN, {}, null, "  "])).toEqual(new Set(["NaN", undefined]));
    const sent = (header: string | readonly string[]) =>
      requestKey({ header: "x-user" }, { headers: { "x-user": header } });
    expect(sent(["ana", "bo"])).toBe(sent("ana, bo"));
  });
});

describe("a request that fails", () => {
  test("counts against the version where it was not its caller's mistake", () => {
    const meter = createVariantMeter({ service: "late", variant: "champion", version: 1 });
    const service = { deployed: { name: "late" }, predict: () => {} } as unknown as LoadedService;
    const failing = (error: Error) => {
      const predict = () => {
        throw error;
      };
      const primary = { name: "champion", service: { ...service, predict }, meter };
      const traffic = { primary: "champion", weights: { champion: 100 }, variants: {} };
      return routeTraffic({ clock: { monotonicMs: () => 0 }, ids: () => "id" }, primary, { variants: [], traffic });
    };
    const mistake = servingErrors.create("serving/bad-request", { because: "a field is not of its type" });
    expect(() => failing(mistake).predict({})).toThrow();
    expect(meter.failed).toBe(0);
    expect(() => failing(new Error("it is broken")).predict({})).toThrow();
    expect(meter.failed).toBe(1);
  });
});

describe("a service's definition", () => {
  const define = (traffic: TrafficOptions | undefined) =>
    defineService({ name: "late", model: "late-flights@champion", ...(traffic === undefined ? {} : { traffic }) });

  test("leaves to its own alias what it gives to no other", () => {
    expect(define({ weights: { challenger: 10 } }).traffic?.weights).toEqual({ champion: 90, challenger: 10 });
    expect(define(undefined)).not.toHaveProperty("traffic");
  });

  test("is refused with a remedy where the weights are none", () => {
    for (const weights of [{ champion: 50, challenger: 10 }, { challenger: 110 }, { "no such": 1 }, { challenger: -1 }])
      expect(() => define({ weights })).toThrow(expect.objectContaining({ code: "serving/wrong-traffic" }));
    expect(() => define({ weights: {}, sticky: "origin" } as never)).toThrow(
      expect.objectContaining({ code: "kernel/invalid" }),
    );
  });
});
