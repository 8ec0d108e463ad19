import { silentLogger, systemClock } from "@millwright/kernel";
import { describe, expect, test } from "vitest";
import type { InferenceModel, Tensor, TensorSpec } from "../src/inference/index.ts";
import { infer } from "../src/inference/infer.ts";
import type { ModelConfig } from "../src/inference/model-config.ts";
import { ResponseCache } from "../src/inference/scheduling/response-cache.ts";
import { serveModel } from "../src/inference/served-model.ts";

// One request to a model, past both protocols.

const A: TensorSpec = { name: "a", datatype: "FP64", shape: [-1], dimensionNames: [undefined] };
const B: TensorSpec = { ...A, name: "b" };

function served(config: ModelConfig, execute: InferenceModel["infer"], close = async () => {}) {
  const model = { platform: "test", backend: "test", inputs: [A, B], outputs: [A], infer: execute, close };
  const told = { name: "sum", version: "1", model, bytes: 0, config };
  return serveModel(told, { clock: systemClock, onCloseFailed: (error) => silentLogger.error({ err: error }, "") });
}

const tools = { clock: systemClock, cache: new ResponseCache(2 ** 20) };

function given(name: string, values: readonly number[]) {
  return { name, datatype: "FP64", shape: [values.length], decode: () => Float64Array.from(values) };
}

const ask = (model: ReturnType<typeof served>, a: readonly number[], b: readonly number[]) =>
  infer(model, { inputs: [given("a", a), given("b", b)], arrivedMs: 0 }, tools);

/** Each row's sum, where a single `b` is of all rows. */
async function sums([a, b]: readonly Tensor[]): Promise<readonly Tensor[]> {
  const [one, other] = [a?.data as Float64Array, b?.data as Float64Array];
  return [{ ...A, shape: [one.length], data: one.map((value, at) => value + (other[at % other.length] ?? 0)) }];
}

describe("a request to a model", () => {
  test("of a batch has as many rows of each input: no other caller's rows make up for them", async () => {
    const model = served({ max_batch_size: 8, dynamic_batching: {} }, sums);
    const answers = await Promise.allSettled([
      ask(model, [1, 2], [10]),
      ask(model, [3], [20, 30]),
      ask(model, [4], [5]),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled"]);
    expect(answers[0]).toMatchObject({ reason: { code: "inference/bad-request" } });
    const alone = served({}, sums);
    expect((await ask(alone, [1, 2], [10]))[0]?.data).toEqual(Float64Array.of(11, 12));
  });

  test("that waits for another's answer is answered by itself when that fails, though the model was retired", async () => {
    let fail = (_error: Error) => {};
    let isClosed = false;
    let asked = 0;
    const model = served(
      { response_cache: { enable: true } },
      async (inputs) => {
        asked += 1;
        if (asked === 1) await new Promise((_resolve, reject) => (fail = reject));
        if (isClosed) throw new Error("it is closed");
        return sums(inputs);
      },
      async () => {
        isClosed = true;
      },
    );
    const first = ask(model, [1], [2]).catch(() => "failed");
    const second = ask(model, [1], [2]);
    model.retire();
    await new Promise((done) => setImmediate(done));
    fail(new Error("once"));
    expect(await first).toBe("failed");
    expect((await second)[0]?.data).toEqual(Float64Array.of(3));
    await new Promise((done) => setImmediate(done));
    expect(isClosed).toBe(true);
  });
});
