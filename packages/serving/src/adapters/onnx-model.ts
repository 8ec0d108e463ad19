import { cannotLoad } from "../inference/model-folder.ts";
import type { InferenceModel, ModelConfig, OpenModel } from "../inference/index.ts";
import type { ModelThreads } from "../threads/model-threads.ts";
import { parallelModel } from "../threads/parallel-model.ts";
import { workerThreads } from "../threads/worker-threads.ts";
import { readOnnxTrees, type OnnxTrees } from "../trees/onnx/onnx-trees.ts";
import { servedOnnxTrees } from "../trees/onnx/served-onnx-trees.ts";
import { executionProviders } from "./onnx-providers.ts";
import { openOnnxSession } from "./onnx-session.ts";
import { sessionSizes } from "./onnx-sizes.ts";

/** Rows of a request from which on it is shared out among a model's instances. */
const ROWS_SHARED_MIN = 1_024;

/**
 * Opens ONNX files. One that is trees and nothing else is read here and answers as ONNX Runtime does, to the bit, unless its
 * configuration asks for the runtime (`backend: "onnxruntime"`, an execution provider). All others are ONNX Runtime's: on
 * the answering loop where they are loaded before it answers, else in a thread; in as many threads as the configuration says.
 */
export function onnxOpener(threads?: ModelThreads): OpenModel {
  const sizes = sessionSizes();
  return async (file, config, { isAnswering = false } = {}) => {
    const trees = asksForRuntime(config) ? undefined : await treesOf(file, isAnswering ? threads : undefined);
    if (trees !== undefined) return servedOnnxTrees(trees, threads);
    const instances = workerThreads(config, threads) ?? (isAnswering && threads !== undefined ? 1 : 0);
    const { made, bytes } = await sizes.measured(file, () =>
      instances === 0 || threads === undefined
        ? openOnnxSession(file, config)
        : openInThreads(threads, { file, config, instances }),
    );
    return {
      ...made,
      bytes: bytes * Math.max(1, instances),
      close: async () => {
        sizes.released();
        await made.close();
      },
    };
  };
}

/** Without threads. */
export const openOnnxModel: OpenModel = onnxOpener();

function asksForRuntime(config: ModelConfig): boolean {
  return config.backend === "onnxruntime" || executionProviders(config).isTold;
}

async function treesOf(file: string, threads: ModelThreads | undefined): Promise<OnnxTrees | undefined> {
  return threads === undefined ? readOnnxTrees(file) : threads.ask("readOnnxTrees", { file });
}

async function openInThreads(
  threads: ModelThreads,
  { file, config, instances }: { readonly file: string; readonly config: ModelConfig; readonly instances: number },
): Promise<InferenceModel> {
  const opened = await threads.openOnnx(file, { config, instances });
  const rowsOfBatch = config.max_batch_size ?? 0;
  const told = config.parameters?.["parallel_rows"]?.string_value;
  if (told !== undefined && !/^[1-9]\d{0,8}$/.test(told))
    throw cannotLoad(`its parameter parallel_rows is ${JSON.stringify(told)}, no number of rows`);
  // Only who says that the graph takes batches says that its rows have nothing to do with one another.
  const rowsMin = told === undefined ? (rowsOfBatch > 0 ? ROWS_SHARED_MIN : Number.POSITIVE_INFINITY) : Number(told);
  return parallelModel(opened, { rowsMin });
}
