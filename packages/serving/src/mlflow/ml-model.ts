import { parse } from "yaml";
import type { Datatype } from "../inference/datatype.ts";

/** What an MLflow model folder's `MLmodel` says of how it is served. */
export interface MlModel {
  readonly flavour: "onnx" | "lightgbm" | "xgboost";
  /** The model's file, from the folder on. */
  readonly data: string;
  /** Whether it is a classifier of scikit-learn's kind, which answers with a class. */
  readonly isClassifier: boolean;
  /** Of a signature by columns, in their order. */
  readonly columns: readonly NamedType[] | undefined;
  /** Of a signature by one tensor. */
  readonly tensor: NamedType | undefined;
  /** What its signature calls the answer. */
  readonly answer: string | undefined;
}

export interface NamedType {
  readonly name: string;
  readonly datatype: Datatype;
}

export type Fields = Readonly<Record<string, unknown>>;

const FLAVOURS = ["onnx", "lightgbm", "xgboost"] as const;

/** Reads an `MLmodel` file (YAML; MLflow 1 to 3). Throws an `Error` for what is none, or of other flavours. */
export function readMlModel(text: string): MlModel {
  const model = fieldsOf(parse(text), "MLmodel");
  const flavours = fieldsOf(model["flavors"], "flavors");
  const flavour = FLAVOURS.find((name) => flavours[name] !== undefined);
  if (flavour === undefined)
    throw new Error(
      `it is an MLflow model of the flavours ${Object.keys(flavours).join(", ")}; ${FLAVOURS.join(", ")} and python_function ` +
        "are read: log it as ONNX too (`mlflow.onnx.log_model`)",
    );
  const told = fieldsOf(flavours[flavour], flavour);
  const data = textIn(told, "data");
  if (!isWithin(data)) throw new Error(`its data lies at ${JSON.stringify(data)}, which is no path in its folder`);
  const modelClass = textIn(told, "model_class");
  if (flavour === "lightgbm" && /\.(?:pkl|skops)$/.test(data))
    throw new Error(`its ${modelClass} was saved by Python's own means, which are not read: log \`model.booster_\``);
  return { flavour, data, isClassifier: modelClass.endsWith("Classifier"), ...signatureOf(model["signature"]) };
}

/** Whether a path stays in the folder that it is of. */
export function isWithin(path: string): boolean {
  return path !== "" && !/^[/\\]|(?:^|[/\\])\.\.(?:[/\\]|$)|\0/.test(path);
}

export function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Error(`its ${name} is no list of names and values`);
}

/** Empty where there is none. */
export function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : "";
}

function signatureOf(signature: unknown): Pick<MlModel, "columns" | "tensor" | "answer"> {
  if (signature === undefined || signature === null)
    return { columns: undefined, tensor: undefined, answer: undefined };
  const { inputs, outputs } = fieldsOf(signature, "signature");
  const given = specsOf(inputs);
  const [answer] = specsOf(outputs);
  const name = answer?.["name"];
  const told = { answer: typeof name === "string" ? name : undefined };
  const tensors = given.filter(({ type }) => type === "tensor");
  if (tensors.length > 1) throw new Error("its signature has several tensors, which are served by ONNX models alone");
  const [tensor] = tensors;
  if (tensor !== undefined) return { ...told, columns: undefined, tensor: tensorOf(tensor) };
  const columns = given.map((column) => ({ name: textIn(column, "name"), datatype: typeOf(column) }));
  return { ...told, tensor: undefined, columns: columns.some((column) => column.name === "") ? undefined : columns };
}

/** A list, as JSON text. */
export function specsOf(text: unknown): readonly Fields[] {
  if (text === undefined || text === null) return [];
  const specs = typeof text === "string" ? (JSON.parse(text) as unknown) : text;
  if (!Array.isArray(specs)) throw new Error("its signature is no list");
  return specs.map((spec) => fieldsOf(spec, "signature"));
}

/** MLflow's types of columns, and numpy's of tensors. */
export const TYPES: Readonly<Record<string, Datatype>> = {
  boolean: "BOOL",
  integer: "INT32",
  long: "INT64",
  float: "FP32",
  double: "FP64",
  string: "BYTES",
  float16: "FP16",
  float32: "FP32",
  float64: "FP64",
  int8: "INT8",
  int16: "INT16",
  int32: "INT32",
  int64: "INT64",
  uint8: "UINT8",
  uint16: "UINT16",
  uint32: "UINT32",
  uint64: "UINT64",
  bool: "BOOL",
};

function typeOf({ name, type }: Fields): Datatype {
  const datatype = TYPES[String(type)];
  if (datatype !== undefined) return datatype;
  throw new Error(
    `the column ${JSON.stringify(name)} of its signature is of the type ${String(type)}, which is not served`,
  );
}

function tensorOf(tensor: Fields): NamedType {
  const { dtype } = fieldsOf(tensor["tensor-spec"], "tensor-spec");
  const datatype = TYPES[String(dtype)];
  if (datatype === undefined) throw new Error(`its tensor is of ${String(dtype)}, which is not served`);
  return { name: textIn(tensor, "name"), datatype };
}
