import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "@millwright/kernel";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openPythonModel } from "../src/adapters/python-model.ts";
import type { InferenceModel } from "../src/inference/index.ts";
import { serveNamed } from "./support/serve-named.ts";
import { until } from "./support/worker-models.ts";

// A Python model that keeps its sequences in its worker's memory, in two workers, asked over REST and gRPC.

const { python } = inject("means");

const MODEL = `
import os

sums = {}

class Model:
    inputs = {"x": ("INT32", [1]), "sequence": ("UINT64", [1]), "start": ("INT32", [1])}
    outputs = {"sum": ("INT32", [1]), "pid": ("INT32", [1])}

    def predict(self, inputs):
        sequence = int(inputs["sequence"][0])
        if inputs["start"][0]:
            sums[sequence] = 0
        sums[sequence] += int(inputs["x"][0])
        return {"sum": [sums[sequence]], "pid": [os.getpid()]}
`;
const CONFIG = `
sequence_batching {
  max_sequence_idle_microseconds: 60000000
  control_input [
    { name: "sequence" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 } },
    { name: "start" control { kind: CONTROL_SEQUENCE_START int32_false_true: [0, 1] } }
  ]
}`;

let folder: string;
let model: InferenceModel;
let served: Awaited<ReturnType<typeof serveNamed>>;

interface Told {
  readonly status: number;
  readonly sum: number;
  readonly pid: number;
  readonly body: object;
}

async function overRest(x: number, parameters: Readonly<Record<string, unknown>>): Promise<Told> {
  const inputs = [{ name: "x", datatype: "INT32", shape: [1], data: [x] }];
  const response = await fetch(`${served.url}/v2/models/sums/infer`, {
    method: "POST",
    body: JSON.stringify({ parameters, inputs }),
  });
  const body = (await response.json()) as { readonly outputs?: readonly { readonly data: readonly number[] }[] };
  const [sum = Number.NaN, pid = Number.NaN] = (body.outputs ?? []).map(({ data }) => data[0] ?? Number.NaN);
  return { status: response.status, sum, pid, body };
}

async function overGrpc(x: number, { sequence_id: id, ...flags }: Readonly<Record<string, unknown>>) {
  const named = Object.entries(flags).map(([name, value]) => [name, { bool_param: value }]);
  const answer = (await served.inferGrpc({
    model_name: "sums",
    parameters: { sequence_id: { int64_param: id }, ...(Object.fromEntries(named) as object) },
    inputs: [{ name: "x", datatype: "INT32", shape: [1], contents: { int_contents: [x] } }],
  })) as { readonly outputs: readonly { readonly contents: { readonly int_contents: readonly number[] } }[] };
  const [sum = Number.NaN, pid = Number.NaN] = answer.outputs.map(({ contents }) => contents.int_contents[0] ?? 0);
  return { sum, pid };
}

describe.skipIf(python === undefined)("sequences of a Python model", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mill-python-sequences-"));
    mkdirSync(join(folder, "1"));
    const file = join(folder, "1", "model.py");
    writeFileSync(file, MODEL);
    const place = async () => ({ interpreter: async () => python ?? "python3", workers: 2 });
    model = await openPythonModel({ place, clock: systemClock, logger: silentLogger })(file, {});
    await until(() => model.workers?.().running === 2);
    served = await serveNamed(() => ({ sums: model }), { configs: { sums: CONFIG } });
  }, 60_000);
  afterAll(async () => {
    await served.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("each stays with the worker that has its state, however they come in between", async () => {
    const ids = Array.from({ length: 12 }, (_, at) => at + 1);
    const homes = new Map<number, Set<number>>();
    for (let turn = 1; turn <= 20; turn += 1) {
      const answers = await Promise.all(
        ids.map(async (id) => {
          const parameters = { sequence_id: id, ...(turn === 1 ? { sequence_start: true } : {}) };
          return { id, ...(await (id % 2 === 0 ? overRest(id, parameters) : overGrpc(id, parameters))) };
        }),
      );
      expect(answers.map(({ sum }) => sum)).toEqual(ids.map((id) => id * turn));
      for (const { id, pid } of answers) homes.set(id, (homes.get(id) ?? new Set()).add(pid));
    }
    expect([...homes.values()].map(({ size }) => size)).toEqual(ids.map(() => 1));
    expect(new Set([...homes.values()].flatMap((pids) => [...pids])).size).toBe(2);
  });

  test("those whose worker is lost are refused until they begin anew; the others go on", async () => {
    const begun = await Promise.all([101, 102].map((id) => overRest(1, { sequence_id: id, sequence_start: true })));
    const [lost, other] = begun;
    expect(lost?.pid).not.toBe(other?.pid);
    process.kill(lost?.pid ?? 0, "SIGKILL");
    await until(() => model.workers?.().crashes === 1);
    expect(await overRest(1, { sequence_id: 101 })).toMatchObject({
      status: 502,
      body: { code: "inference/worker-lost", detail: expect.stringContaining("begin the sequence anew") as string },
    });
    expect(await overRest(1, { sequence_id: 102 })).toMatchObject({ status: 200, sum: 2, pid: other?.pid });
    expect(await overRest(5, { sequence_id: 101, sequence_start: true })).toMatchObject({ status: 200, sum: 5 });
    expect(await overRest(5, { sequence_id: 101 })).toMatchObject({ status: 200, sum: 10 });
  });
});
