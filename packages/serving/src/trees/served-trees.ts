import { arrayOf } from "../inference/datatype.ts";
import type { ModelConfig, TensorConfig } from "../inference/model-config.ts";
import type { InferenceModel } from "../inference/ports.ts";
import { NUMBERS, type Tensor, type TensorSpec } from "../inference/tensor.ts";
import type { TreeEnsemble } from "./tree-ensemble.ts";
import type { ModelThreads } from "../threads/model-threads.ts";
import { isShared, sharedDoubles, sumOnThreads } from "../threads/row-threads.ts";
import { sumTrees, type Rows } from "./sum-trees.ts";
import { classOf, treeOutputs, type SummedRows, type TreeOutput, type TreeOutputs } from "./tree-outputs.ts";
import type { TreeFile } from "./tree-file.ts";

/** How MLServer calls them. */
const INPUT = "input-0";
const PREDICT = "predict";
/** So many rows are scored without a break; then others have their turn. */
const ROWS_AT_ONCE = 1_024;

export interface ServedTreesOptions {
  readonly predictsClass?: boolean;
  /** Among which many rows are shared out. */
  readonly threads?: ModelThreads | undefined;
}

/**
 * Serves trees: one input of [rows, features], whatever it is called; `predict` is what the library's own `predict` answers.
 * `predictsClass` has it answer with the class. A configuration names input and outputs as it likes, and says what they are as Triton's FIL backend does. Throws an `Error`
 * where it asks for what the model has not.
 */
export function servedTrees(
  file: TreeFile,
  config: ModelConfig,
  { predictsClass = false, threads }: ServedTreesOptions = {},
): InferenceModel {
  const { features } = file.ensemble;
  const input: TensorSpec = {
    name: config.input?.[0]?.name ?? INPUT,
    datatype: floatOf(config.input?.[0]) ?? floatOfFile(file),
    shape: [-1, features.length],
    dimensionNames: ["rows", undefined],
    alsoOf: NUMBERS,
    isOfAnyName: true,
    features,
  };
  const planned = plannedOutputs({
    file,
    config,
    known: predictsClass ? withClass(treeOutputs(file)) : treeOutputs(file),
  });
  return {
    platform: config.platform ?? file.madeBy,
    backend: config.backend ?? file.madeBy,
    inputs: [input],
    outputs: planned.map(({ spec }) => spec),
    bytes: bytesOf(file.ensemble),
    explanation: planned.find(({ name }) => name === "contributions")?.spec.name,
    infer: async ([given], wanted) => {
      if (given === undefined) throw new Error("there is no input");
      const count = given.shape[0] ?? 0;
      const answers = wanted.map((name) => emptyAnswer(name, { planned, count }));
      const ready = await sumsOnThreads(file, { given, count, threads });
      const atOnce = Math.min(ROWS_AT_ONCE, ...answers.map(({ output }) => output.rowsAtOnce ?? ROWS_AT_ONCE));
      for (let from = 0; from < count; from += atOnce) {
        if (from > 0) await new Promise((resolve) => setImmediate(resolve));
        const part = { from, to: Math.min(from + atOnce, count) };
        const summed = summedRows(file, { given, part, ready });
        for (const { output, data, width } of answers) data.set(output.compute(summed), from * width);
      }
      return answers.map(({ tensor }) => tensor);
    },
    close: async () => {},
  };
}

/** The rows of a part and their sums, each made once, and not before it is asked for. */
function summedRows(
  file: TreeFile,
  { given, part, ready }: { readonly given: Tensor; readonly part: Part; readonly ready: Float64Array | undefined },
): SummedRows {
  const { outputs } = file.ensemble;
  let rows: Rows | undefined;
  let sums: Float64Array | undefined = ready?.slice(part.from * outputs, part.to * outputs);
  const rowsOnce = () => (rows ??= { values: valuesOf(given, file, part), count: part.to - part.from });
  return { rows: rowsOnce, sums: () => (sums ??= sumTrees(file.ensemble, rowsOnce())) };
}

/** The sums of all rows where they are so many that threads share them. */
async function sumsOnThreads(
  file: TreeFile,
  {
    given,
    count,
    threads,
  }: { readonly given: Tensor; readonly count: number; readonly threads: ModelThreads | undefined },
): Promise<Float64Array | undefined> {
  const { ensemble } = file;
  if (!isShared(threads, count * ensemble.roots.length)) return undefined;
  const values = sharedDoubles(count * ensemble.features.length);
  values.set(valuesOf(given, file, { from: 0, to: count }));
  return sumOnThreads(threads, { trees: ensemble, values, rows: count });
}

/** What its arrays take in memory. */
function bytesOf(ensemble: TreeEnsemble): number {
  return [ensemble, ensemble.linear ?? {}]
    .flatMap((fields) => Object.values(fields) as readonly unknown[])
    .reduce<number>((sum, field) => sum + (ArrayBuffer.isView(field) ? field.byteLength : 0), 0);
}

interface Plan {
  readonly file: TreeFile;
  readonly config: ModelConfig;
  readonly known: TreeOutputs;
}

/** As scikit-learn's classifiers have it. */
function withClass(known: TreeOutputs): TreeOutputs {
  const { predict_proba: shares } = known;
  if (shares === undefined) throw new Error("it is saved as a classifier, and its objective is none of one");
  return { ...known, predict: { ...classOf(shares, 0.5), isWhole: true } };
}

interface Planned {
  /** As the library has it. */
  readonly name: string;
  readonly spec: TensorSpec;
  readonly output: TreeOutput;
}

/** The outputs that are configured, and those that may be asked for beside; without configuration `predict` stands for it. */
function plannedOutputs({ file, config, known }: Plan): readonly Planned[] {
  const plan = (
    name: string,
    { output, configured }: { readonly output: TreeOutput; readonly configured?: TensorConfig },
  ) => {
    const tail = configured === undefined ? output.shape : tailOf(output, { configured, config });
    requireWidth(configured?.name ?? name, tail, output);
    const spec: TensorSpec = {
      name: configured?.name ?? name,
      datatype: output.isWhole === true ? "INT32" : (floatOf(configured) ?? floatOfFile(file)),
      shape: [-1, ...tail],
      dimensionNames: ["rows", ...tail.map(() => undefined)],
      isOnRequest: configured === undefined && name !== PREDICT,
    };
    return { name, spec, output };
  };
  const chosen = (config.output ?? []).map((configured, at) => {
    const found = configuredOutput(known, { configured, config, isFirst: at === 0 });
    return plan(found.name, { output: found.output, configured });
  });
  const rest = Object.entries(known).filter(
    ([name]) =>
      !chosen.some((one) => one.name === name || one.spec.name === name) && (chosen.length === 0 || name !== PREDICT),
  );
  return [...chosen, ...rest.map(([name, output]) => plan(name, { output }))];
}

interface Configured {
  readonly configured: TensorConfig;
  readonly config: ModelConfig;
}

/** By its name, else, of the first, by what the parameters of Triton's FIL backend say. */
function configuredOutput(
  known: TreeOutputs,
  { configured, config, isFirst }: Configured & { readonly isFirst: boolean },
): { readonly name: string; readonly output: TreeOutput } {
  const name = configured.name === TREESHAP ? "contributions" : configured.name;
  const output = known[name];
  if (output !== undefined) return { name, output };
  if (isFirst) return mainOutput(known, { configured, config });
  throw new Error(`its output ${JSON.stringify(configured.name)} is none of ${Object.keys(known).join(", ")}`);
}

const TREESHAP = "treeshap_output";

function mainOutput(known: TreeOutputs, { configured, config }: Configured) {
  const { predict, predict_proba: shares } = known;
  if (predict === undefined) throw new Error("a model of trees answers nothing");
  const isClassifier = parameterOf(config, "is_classifier") ?? parameterOf(config, "output_class");
  if (isClassifier === "true" && parameterOf(config, "predict_proba") !== "true") {
    if (shares === undefined) throw new Error("it is configured as a classifier, and its objective is none of one");
    return { name: "class", output: classOf(shares, thresholdOf(config)) };
  }
  const wanted = widthOf(tailOf(predict, { configured, config }));
  if (shares !== undefined && wanted !== widthOf(predict.shape) && wanted === widthOf(shares.shape))
    return { name: "predict_proba", output: shares };
  return { name: PREDICT, output: predict };
}

function parameterOf({ parameters }: ModelConfig, name: string): string | undefined {
  return parameters?.[name]?.string_value;
}

function thresholdOf(config: ModelConfig): number {
  const text = parameterOf(config, "threshold") ?? "0.5";
  const threshold = Number(text);
  if (text !== "" && Number.isFinite(threshold)) return threshold;
  throw new Error(`the parameter threshold is ${JSON.stringify(text)}, no number`);
}

/** A row's part of the shape that is configured. Throws where the output has not as many numbers. */
function tailOf(output: TreeOutput, { configured: { dims }, config }: Configured): readonly number[] {
  const configured = (config.max_batch_size ?? 0) > 0 ? dims : dims?.slice(1);
  return configured === undefined
    ? output.shape
    : configured.map((size) => (size === -1 ? widthOf(output.shape) : size));
}

/** What a configuration cannot change: how many numbers a row has. */
function requireWidth(name: string, shape: readonly number[], output: TreeOutput): void {
  if (widthOf(shape) !== widthOf(output.shape))
    throw new Error(
      `its output ${name} is configured with ${widthOf(shape)} numbers a row, and has ${widthOf(output.shape)}`,
    );
}

function widthOf(shape: readonly number[]): number {
  return shape.reduce((all, size) => all * size, 1);
}

function floatOf(tensor: TensorConfig | undefined): "FP32" | "FP64" | undefined {
  if (tensor?.data_type === "TYPE_FP32") return "FP32";
  return tensor?.data_type === "TYPE_FP64" ? "FP64" : undefined;
}

function floatOfFile({ ensemble }: TreeFile): "FP32" | "FP64" {
  return ensemble.precision === "single" ? "FP32" : "FP64";
}

function emptyAnswer(
  name: string,
  { planned, count }: { readonly planned: readonly Planned[]; readonly count: number },
) {
  const found = planned.find(({ spec }) => spec.name === name);
  if (found === undefined) throw new Error(`there is no output ${name}`);
  const { spec, output } = found;
  const width = widthOf(output.shape);
  const data = new (arrayOf(spec.datatype as "FP32" | "FP64" | "INT32"))(count * width);
  const tensor: Tensor = { name, datatype: spec.datatype, shape: [count, ...spec.shape.slice(1)], data };
  return { output, width, data: data as Float64Array, tensor };
}

interface Part {
  readonly from: number;
  readonly to: number;
}

/** Some of the rows, as the library takes them: a float32 where it computes in these; the smallest numbers are 0. */
function valuesOf(
  { data }: Tensor,
  { ensemble: { features, precision }, zeroBelow }: TreeFile,
  { from, to }: Part,
): Float64Array {
  const width = features.length;
  const values = new Float64Array((to - from) * width);
  const given = data as Float64Array;
  for (let at = 0; at < values.length; at += 1) {
    const x = Number(given[from * width + at]);
    values[at] = precision === "single" ? Math.fround(x) : Math.abs(x) <= zeroBelow ? 0 : x;
  }
  return values;
}
