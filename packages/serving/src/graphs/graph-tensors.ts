import { NUMBERS, type TensorSpec } from "../inference/tensor.ts";
import { ROOT, type GraphDefinition, type GraphStep } from "./graph-definition.ts";

/** What a graph's rows are called where none of its models tells more of them: of each its JSON. */
export const ROWS_IN = "instances";
export const ROWS_OUT = "predictions";

/** A step that is asked what the graph is, or whose answer may be the graph's; `prefix` is before its outputs' names. */
export interface Doorstep {
  readonly step: GraphStep;
  readonly prefix: string;
}

/** The steps that are given what the graph was asked. */
export function entries(nodes: GraphDefinition["nodes"], name = ROOT): readonly Doorstep[] {
  const { routerType, steps = [] } = nodes[name] ?? {};
  const given = routerType === "Sequence" ? steps.filter(({ data }, at) => at === 0 || data !== "$response") : steps;
  return given.flatMap((step) => doorsteps(step, "", (node) => entries(nodes, node)));
}

/** The steps whose answers may be the graph's: of a sequence the last, and those after which it may end. */
export function exits(nodes: GraphDefinition["nodes"], name = ROOT, prefix = ""): readonly Doorstep[] {
  const { routerType, steps = [] } = nodes[name] ?? {};
  const isLast = (at: number) =>
    at === steps.length - 1 || (steps[at + 1]?.condition ?? "") !== "" || steps[at]?.dependency === "Hard";
  const ending = routerType === "Sequence" ? steps.filter((_, at) => isLast(at)).toReversed() : steps;
  return ending.flatMap((step) => {
    const key = routerType === "Ensemble" ? `${prefix}${step.name ?? steps.indexOf(step)}.` : prefix;
    return doorsteps(step, key, (node) => exits(nodes, node, key));
  });
}

function doorsteps(step: GraphStep, prefix: string, within: (node: string) => readonly Doorstep[]) {
  return step.nodeName === undefined ? [{ step, prefix }] : within(step.nodeName);
}

/**
 * The inputs of a graph, of those of the models that are given its request: by place where all have alike ones, else all
 * that there are by their names, of which a model takes its own.
 */
export function mergedInputs(models: readonly (readonly TensorSpec[])[]): readonly TensorSpec[] {
  const [first, ...others] = models;
  if (first === undefined) return [jsonRows(ROWS_IN)];
  if (others.every((specs) => specs.length === first.length && specs.every((spec, at) => isAlike(spec, first[at])))) {
    const merged = first.map((spec, at) => others.reduce((one, specs) => wider(one, specs[at] ?? one), spec));
    return merged.length === 1 ? merged.map((spec) => ({ ...spec, isOfAnyName: true })) : merged;
  }
  const named = new Map<string, TensorSpec>();
  for (const spec of models.flat()) {
    const known = named.get(spec.name);
    named.set(spec.name, known === undefined || !isAlike(known, spec) ? (known ?? spec) : wider(known, spec));
  }
  const isInAll = (name: string) => models.every((specs) => specs.some((spec) => spec.name === name));
  return [...named.values()].map((spec) => (isInAll(spec.name) ? spec : { ...spec, isOptional: true }));
}

/** The outputs of a graph: each name once, as the first one has it. */
export function mergedOutputs(
  models: readonly { readonly prefix: string; readonly outputs?: readonly TensorSpec[] | undefined }[],
): readonly TensorSpec[] {
  const named = new Map<string, TensorSpec>();
  for (const { prefix, outputs } of models)
    for (const spec of outputs ?? [jsonRows(ROWS_OUT)]) {
      const name = `${prefix}${spec.name}`;
      const known = named.get(name);
      named.set(name, known === undefined || !isAlike(known, spec) ? (known ?? { ...spec, name }) : wider(known, spec));
    }
  return [...named.values()].filter(({ isOnRequest }) => isOnRequest !== true);
}

/** Rows of any JSON, each as its text. */
function jsonRows(name: string): TensorSpec {
  return { name, datatype: "BYTES", shape: [-1], dimensionNames: [undefined] };
}

function isAlike(one: TensorSpec, other: TensorSpec | undefined): boolean {
  if (other === undefined || one.shape.length !== other.shape.length) return false;
  return one.datatype === other.datatype || (NUMBERS.includes(one.datatype) && NUMBERS.includes(other.datatype));
}

/** A tensor that takes what either takes. */
function wider(one: TensorSpec, other: TensorSpec): TensorSpec {
  const shape = one.shape.map((size, at) => (size === other.shape[at] ? size : -1));
  const { features: _features, ...rest } = one;
  const told = one.features?.join() === other.features?.join() ? one : rest;
  const dimensionNames = one.dimensionNames.map((name, at) => (name === other.dimensionNames[at] ? name : undefined));
  if (one.datatype === other.datatype) return { ...told, shape, dimensionNames };
  return {
    ...told,
    shape,
    dimensionNames,
    datatype: "FP64",
    alsoOf: NUMBERS.filter((datatype) => datatype !== "FP64"),
  };
}
