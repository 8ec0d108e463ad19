import { isMillError } from "@millwright/kernel";
import { afterEach, describe, expect, inject, test, vi } from "vitest";
import { inferenceErrors } from "../src/inference/errors.ts";
import type { InferenceModel, Tensor } from "../src/inference/index.ts";
import { schedulingPolicy } from "../src/inference/scheduling/policy.ts";
import { Scheduler, type Answered, type Execution, type Work } from "../src/inference/scheduling/scheduler.ts";
import type { ModelConfig } from "../src/inference/model-config.ts";

const SPEC = { name: "x", datatype: "INT64", shape: [-1, 2], dimensionNames: [undefined, undefined] } as const;

function rowsOf(...values: readonly bigint[]): Tensor {
  return {
    name: "x",
    datatype: "INT64",
    shape: [values.length, 2],
    data: BigInt64Array.from(values.flatMap((value) => [value, -value])),
  };
}

const work = (values: readonly bigint[], more: Partial<Work> = {}): Work => ({
  inputs: [rowsOf(...values)],
  outputs: ["x"],
  rows: values.length,
  ...more,
});

/** Doubles each element, after `turns` turns of the loop; a row of -1 makes all of an execution fail. */
function doubling(turns: () => number = () => 0): InferenceModel {
  return {
    platform: "test",
    backend: "test",
    inputs: [SPEC],
    outputs: [SPEC],
    infer: async ([x]) => {
      for (let turn = turns(); turn > 0; turn -= 1) await new Promise((resolve) => setImmediate(resolve));
      const data = x?.data as BigInt64Array;
      if (data.includes(-1n) && data.includes(1n)) throw new Error("poisoned");
      return [{ ...(x as Tensor), data: data.map((value) => value * 2n) }];
    },
    close: async () => {},
  };
}

interface Lab {
  readonly scheduler: Scheduler;
  readonly executions: Execution[];
  readonly clock: { now: number };
}

function lab(config: ModelConfig, model = doubling()): Lab {
  const clock = { now: 0 };
  const executions: Execution[] = [];
  const scheduler = new Scheduler({
    model,
    policy: schedulingPolicy(config),
    clock: { monotonicMs: () => clock.now },
    onExecution: (execution) => executions.push(execution),
  });
  return { scheduler, executions, clock };
}

const batches = (more: ModelConfig["dynamic_batching"] = {}): ModelConfig => ({
  max_batch_size: 8,
  dynamic_batching: more,
});

const elements = (tensor: Tensor | undefined) => (tensor?.data ?? []) as BigInt64Array;
const valuesOf = ({ outputs }: Answered) => [...elements(outputs[0])];

async function codeOf(answer: Promise<unknown>): Promise<string> {
  const error: unknown = await answer.then(
    () => new Error("it was answered"),
    (thrown: unknown) => thrown,
  );
  return isMillError(error) ? error.code : String(error);
}

describe("a model's requests", () => {
  afterEach(() => vi.useRealTimers());

  test("of a priority beyond the model's levels are refused by name; a model without levels has one for all", async () => {
    const { scheduler } = lab(batches({ priority_levels: 2, default_priority_level: 1 }));
    await expect(scheduler.run(work([2n], { priority: 3 }))).rejects.toThrow(
      /the priority 3 is beyond the 2 priority_levels/,
    );
    expect(valuesOf(await scheduler.run(work([2n], { priority: 2 })))).toEqual([4n, -4n]);
    expect(valuesOf(await lab(batches()).scheduler.run(work([2n], { priority: 9 })))).toEqual([4n, -4n]);
  });

  test("of a batch that failed are executed by themselves only while their callers wait", async () => {
    let isGone = false;
    const made = lab(batches(), {
      ...doubling(),
      infer: async ([x], outputs) => {
        const data = x?.data as BigInt64Array;
        made.clock.now += 10;
        if (data.length > 2) {
          isGone = true;
          throw new Error("together");
        }
        return outputs.map(() => ({ ...(x as Tensor), data: data.map((value) => value * 2n) }));
      },
    });
    const answers = [
      made.scheduler.run(work([1n])),
      codeOf(made.scheduler.run(work([2n], { deadlineMs: 15 }))),
      codeOf(made.scheduler.run(work([3n], { isCancelled: () => isGone }))),
    ] as const;
    expect(valuesOf(await answers[0])).toEqual([2n, -2n]);
    expect([await answers[1], await answers[2]]).toEqual(["inference/deadline", "inference/cancelled"]);
    expect(made.executions.map(({ requests }) => requests)).toEqual([1]);
  });

  test("that come at once are executed together, each with its own rows", async () => {
    const { scheduler, executions } = lab(batches());
    const answers = await Promise.all([[3n], [4n, 5n], [6n]].map((values) => scheduler.run(work(values))));
    expect(answers.map(valuesOf)).toEqual([
      [6n, -6n],
      [8n, -8n, 10n, -10n],
      [12n, -12n],
    ]);
    expect(executions).toEqual([expect.objectContaining({ rows: 4, requests: 3 })]);
  });

  test("are never more than the largest batch", async () => {
    const { scheduler, executions } = lab(batches());
    await Promise.all(Array.from({ length: 20 }, (_, at) => scheduler.run(work([BigInt(at + 2)]))));
    expect(executions.map(({ rows }) => rows)).toEqual([8, 8, 4]);
  });

  test("one that fails takes none with it", async () => {
    const { scheduler } = lab(batches());
    const answers = await Promise.allSettled([[3n], [1n], [5n]].map((values) => scheduler.run(work(values))));
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  test("are answered one by one where the model's answers are no rows", async () => {
    const sum: InferenceModel = {
      ...doubling(),
      infer: async ([x]) => [{ ...(x as Tensor), shape: [1], data: BigInt64Array.of(elements(x)[0] ?? 0n) }],
    };
    const { scheduler } = lab(batches(), sum);
    const answers = await Promise.all([[3n], [4n, 6n]].map((values) => scheduler.run(work(values))));
    expect(answers.map(valuesOf)).toEqual([[3n], [4n]]);
  });

  test("wait for others as long as they are told to, or until there are enough", async () => {
    const { scheduler, executions, clock } = lab(
      batches({ max_queue_delay_microseconds: 5_000, preferred_batch_size: [3] }),
    );
    const first = scheduler.run(work([2n]));
    await new Promise((resolve) => setImmediate(resolve));
    expect(executions).toEqual([]);
    await Promise.all([first, scheduler.run(work([3n])), scheduler.run(work([4n]))]);
    expect(executions.map(({ rows }) => rows)).toEqual([3]);
    const last = scheduler.run(work([5n]));
    clock.now = 5;
    await last;
    expect(executions.map(({ rows }) => rows)).toEqual([3, 1]);
  });

  test("are refused where too many wait, and those whose callers went do not count", async () => {
    const { scheduler } = lab(
      batches({ default_queue_policy: { max_queue_size: 2 } }),
      doubling(() => 3),
    );
    let isGone = false;
    const running = Array.from({ length: 8 }, (_, at) => scheduler.run(work([BigInt(at + 2)])));
    const told = await Promise.all(running.slice(2).map(codeOf));
    expect(told).toEqual(Array.from({ length: 6 }, () => "inference/overloaded"));
    await Promise.all(running.slice(0, 2));
    const busy = scheduler.run(work([2n]));
    await new Promise((resolve) => setImmediate(resolve));
    const gone = [3n, 4n].map((value) => codeOf(scheduler.run(work([value], { isCancelled: () => isGone }))));
    isGone = true;
    expect(valuesOf(await scheduler.run(work([5n])))).toEqual([10n, -10n]);
    expect(await Promise.all(gone)).toEqual(["inference/cancelled", "inference/cancelled"]);
    await busy;
  });

  test("whose time is over are not executed, before their turn or at it", async () => {
    const { scheduler, executions, clock } = lab(batches());
    expect(await codeOf(scheduler.run(work([2n], { deadlineMs: 0 })))).toBe("inference/deadline");
    const late = codeOf(scheduler.run(work([3n], { deadlineMs: 5 })));
    const later = scheduler.run(work([4n], { deadlineMs: 50 }));
    clock.now = 10;
    expect(await late).toBe("inference/deadline");
    await later;
    expect(executions).toEqual([expect.objectContaining({ requests: 1 })]);
  });

  test("go by their priority, and those that waited too long last, where that is the policy", async () => {
    const policy = { timeout_action: "DELAY", default_timeout_microseconds: 1_000 } as const;
    const { scheduler, clock } = lab({
      max_batch_size: 1,
      dynamic_batching: { priority_levels: 2, default_priority_level: 2, default_queue_policy: policy },
    });
    const order: string[] = [];
    const ask = (name: string, priority: number) =>
      scheduler.run(work([7n], { priority })).then(() => order.push(name));
    const busy = ask("busy", 1);
    const late = ask("late", 2);
    clock.now = 5;
    await Promise.all([busy, late, ask("second", 0), ask("first", 1)]);
    expect(order).toEqual(["busy", "first", "late", "second"]);
  });

  test("are executed so many at once as there are instances", async () => {
    let [running, most] = [0, 0];
    const model = doubling(() => 2);
    const counted: InferenceModel = {
      ...model,
      infer: async (inputs, outputs) => {
        running += 1;
        most = Math.max(most, running);
        return model.infer(inputs, outputs).finally(() => (running -= 1));
      },
    };
    const { scheduler } = lab({ instance_group: [{ count: 2 }, { count: 1 }] }, counted);
    await Promise.all(Array.from({ length: 30 }, (_, at) => scheduler.run(work([BigInt(at + 2)]))));
    expect(most).toBe(3);
  });

  test("a batch that is late is tried one by one until two are late alone; one that hangs costs itself only", async () => {
    const late = () => Promise.reject(inferenceErrors.create("inference/worker-late", { because: "it hangs" }));
    const hanging = (hangs: (values: BigInt64Array) => boolean) => {
      let executions = 0;
      const model: InferenceModel = {
        ...doubling(),
        infer: (inputs, outputs) => {
          executions += 1;
          return hangs(inputs[0]?.data as BigInt64Array) ? late() : doubling().infer(inputs, outputs);
        },
      };
      const { scheduler } = lab(batches(), model);
      const answers = [2n, 3n, 4n, 5n, 6n].map((value) => scheduler.run(work([value])));
      return Promise.all(
        answers.map((answer) =>
          answer.then(
            () => "answered",
            () => codeOf(answer),
          ),
        ),
      ).then((told) => ({ executions, told }));
    };
    const isLate = "inference/worker-late";
    expect(await hanging(() => true)).toEqual({ executions: 3, told: [isLate, isLate, isLate, isLate, isLate] });
    expect(await hanging((values) => values.includes(3n))).toEqual({
      executions: 6,
      told: ["answered", isLate, "answered", "answered", "answered"],
    });
  });

  test("leave no timer behind when none of them waits, and levels take no memory", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { scheduler } = lab(batches({ priority_levels: 4_000_000_000 }));
    const answer = scheduler.run(work([2n], { deadlineMs: 60_000, priority: 3_000_000_000 }));
    expect([scheduler.waiting, vi.getTimerCount()]).toEqual([1, 1]);
    await answer;
    expect([scheduler.waiting, vi.getTimerCount()]).toEqual([0, 0]);
  });

  test("a policy that contradicts itself is refused at its load", () => {
    for (const config of [
      { max_batch_size: 4, dynamic_batching: { preferred_batch_size: [8] } },
      { dynamic_batching: { priority_levels: 1, default_priority_level: 3 } },
    ])
      expect(() => schedulingPolicy(config)).toThrow(/preferred_batch_size|priority_levels/);
  });
});

const REQUESTS = inject("full") ? 10_000_000 : 200_000;
const SEED = 11;

test(
  `${REQUESTS} requests in batches, amid errors, callers who go, deadlines and reloads: every answer is its own`,
  { timeout: 60_000 + REQUESTS / 10 },
  async () => {
    const pick = numbers(SEED);
    const config: ModelConfig = {
      max_batch_size: 16,
      instance_group: [{ count: 2 }],
      dynamic_batching: { priority_levels: 2, default_queue_policy: { max_queue_size: 60 } },
    };
    const load = () =>
      lab(
        config,
        doubling(() => pick(3)),
      );
    let loaded = load();
    const counts: Record<string, number> = {};
    const batched = { requests: 0 };
    let next = 2;
    const caller = async () => {
      while (next < REQUESTS) {
        const choice = pick(1_000);
        const rows = 1 + pick(3);
        const values = Array.from({ length: rows }, (_, at) => BigInt(next + at));
        next += rows;
        if (choice === 0) {
          batched.requests += loaded.executions.reduce((sum, { requests }) => sum + (requests > 1 ? requests : 0), 0);
          loaded = load();
        }
        if (choice < 20) values[0] = 1n;
        loaded.clock.now += 1;
        let isGone = false;
        const asked = loaded.scheduler.run(
          work(values, {
            priority: pick(3),
            isCancelled: () => isGone,
            deadlineMs: choice < 60 ? loaded.clock.now + pick(40) : undefined,
          }),
        );
        if (choice > 960) isGone = true;
        const outcome = await asked.then(
          (answered) => {
            const expected = values.flatMap((value) => [value * 2n, value * -2n]);
            const found = valuesOf(answered);
            if (found.length !== expected.length || found.some((value, at) => value !== expected[at]))
              throw new Error(`asked for ${values.join()}, answered ${found.join()}`);
            return "answered";
          },
          (error: unknown) => (isMillError(error) ? error.code : String(error)),
        );
        counts[outcome] = (counts[outcome] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: 64 }, caller));
    expect(Object.keys(counts).toSorted()).toEqual([
      "Error: poisoned",
      "answered",
      "inference/cancelled",
      "inference/deadline",
      "inference/overloaded",
    ]);
    expect(batched.requests).toBeGreaterThan(REQUESTS / 10);
  },
);

/** A seeded sequence of whole numbers below a bound (a linear congruential generator). */
function numbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}
