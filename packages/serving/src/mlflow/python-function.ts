import { dirname, join } from "node:path";
import { parse } from "yaml";
import type { Datatype } from "../inference/datatype.ts";
import { fieldsOf, isWithin, specsOf, textIn, TYPES, type Fields } from "./ml-model.ts";

/** An MLflow model folder that runs in Python, as its `MLmodel` describes it to the worker that opens it. */
export interface PythonFunction {
  /** A data frame is asked for, with a column for each input; else an array, or several by name. */
  readonly isOfColumns: boolean;
  /** MLflow's own types of the columns. */
  readonly types: Readonly<Record<string, string>>;
  /** Of the flavour `sklearn` the file of the model itself, where it needs no code that was saved with it. */
  readonly scikitFile: string | undefined;
  readonly inputs: readonly SignedTensor[];
  readonly outputs: readonly SignedTensor[];
}

interface SignedTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly dimensionNames?: readonly string[];
  readonly isOptional?: boolean;
}

/** Of these there are native readers, unless the model was saved by Python's own means. */
const NATIVE = ["onnx", "lightgbm", "xgboost"];

/** Whether an `MLmodel` is of no flavour that is read natively, and of `python_function`. */
export function runsInPython(text: string): boolean {
  const flavours = fieldsOf(fieldsOf(parse(text), "MLmodel")["flavors"], "flavors");
  const native = NATIVE.find((name) => flavours[name] !== undefined);
  if (flavours["python_function"] === undefined) return false;
  return native === undefined || /\.(?:pkl|skops)$/.test(textIn(fieldsOf(flavours[native], native), "data"));
}

/** Reads the `MLmodel` file of a folder. Throws an `Error` for a signature of which no tensors can be made. */
export function readPythonFunction(file: string, text: string): PythonFunction {
  const model = fieldsOf(parse(text), "MLmodel");
  const { inputs, outputs } = fieldsOf(model["signature"] ?? {}, "signature");
  const given = specsOf(inputs);
  return {
    isOfColumns: given.some(({ type }) => type !== "tensor"),
    types: Object.fromEntries(given.map((spec) => [textIn(spec, "name"), String(spec["type"])])),
    scikitFile: scikitFile(file, fieldsOf(model["flavors"], "flavors")),
    inputs: given.map((spec, at) => signed(spec, textIn(spec, "name") || (at === 0 ? "input-0" : `input-${at}`))),
    outputs: specsOf(outputs).map((spec, at) =>
      signed(spec, textIn(spec, "name") || (at === 0 ? "predict" : `predict-${at}`)),
    ),
  };
}

function scikitFile(file: string, { sklearn }: Fields): string | undefined {
  if (sklearn === undefined) return undefined;
  const told = fieldsOf(sklearn, "sklearn");
  const path = textIn(told, "pickled_model");
  if (textIn(told, "code") !== "") return undefined;
  return isWithin(path) && !path.endsWith(".skops") ? join(dirname(file), path) : undefined;
}

function signed(spec: Fields, name: string): SignedTensor {
  if (spec["type"] !== "tensor") {
    const column = { name, datatype: typeOf(name, spec["type"]), shape: [-1], dimensionNames: ["rows"] };
    return spec["required"] === false ? { ...column, isOptional: true } : column;
  }
  const { dtype, shape } = fieldsOf(spec["tensor-spec"], "tensor-spec");
  if (!Array.isArray(shape)) throw new Error(`the tensor ${JSON.stringify(name)} of its signature has no shape`);
  return { name, datatype: typeOf(name, dtype), shape: shape.map(Number) };
}

/** Times are text, as they are in JSON. */
const MORE_TYPES: Readonly<Record<string, Datatype>> = {
  binary: "BYTES",
  datetime: "BYTES",
  str: "BYTES",
  object: "BYTES",
};

function typeOf(name: string, type: unknown): Datatype {
  const datatype = TYPES[String(type)] ?? MORE_TYPES[String(type)];
  if (datatype !== undefined) return datatype;
  throw new Error(`${JSON.stringify(name)} of its signature is of the type ${String(type)}, which is not served`);
}
