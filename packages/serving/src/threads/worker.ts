import { readFile } from "node:fs/promises";
import { parentPort } from "node:worker_threads";
import { openOnnxSession } from "../adapters/onnx-session.ts";
import type { InferenceModel } from "../inference/ports.ts";
import { sumCompact } from "../trees/onnx/compact-trees.ts";
import { readOnnxTrees } from "../trees/onnx/onnx-trees.ts";
import { readTrees } from "../trees/read-trees.ts";
import { sumTrees } from "../trees/sum-trees.ts";
import { wholeTensor } from "./whole-tensor.ts";
import type { Reply, Request, TaskName, Tasks } from "./tasks.ts";

// A thread beside the answering loop: it reads models, holds those of ONNX Runtime, and sums trees.

const models = new Map<number, InferenceModel>();

const TASKS: { readonly [Name in TaskName]: (told: Tasks[Name]["told"]) => Promise<Tasks[Name]["answer"]> } = {
  begin: async () => undefined,
  readOnnxTrees: async ({ file }) => readOnnxTrees(file),
  readTrees: async ({ file }) => readTrees(await readFile(file)),
  openOnnx: async ({ model, file, config }) => {
    const opened = await openOnnxSession(file, config);
    models.set(model, opened);
    const { platform, backend, inputs, outputs } = opened;
    return { platform, backend, inputs, outputs };
  },
  infer: async ({ model, inputs, outputs }) => {
    const found = models.get(model);
    if (found === undefined) throw new Error("the model is not open in its thread");
    return (await found.infer(inputs, outputs)).map(wholeTensor);
  },
  close: async ({ model }) => {
    const found = models.get(model);
    models.delete(model);
    await found?.close();
    return undefined;
  },
  sumTrees: async ({ trees, values, sums, from, to }) => {
    const [width, { outputs }] = [trees.features.length, trees];
    const own = sumTrees(trees, { values: values.subarray(from * width, to * width), count: to - from });
    sums.set(own, from * outputs);
    return undefined;
  },
  sumCompact: async ({ trees, ...rows }) => {
    sumCompact(trees, rows);
    return undefined;
  },
};

parentPort?.on("message", ({ id, task, told }: Request) => {
  const run = TASKS[task] as (given: unknown) => Promise<Tasks[TaskName]["answer"]>;
  run(told).then(
    (answer) => reply({ id, answer }),
    (error: unknown) => reply({ id, failed: error instanceof Error ? error.message : String(error) }),
  );
});

function reply(told: Reply): void {
  parentPort?.postMessage(told);
}
