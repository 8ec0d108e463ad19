import { wholeIndex } from "../../shards/whole-server.ts";
import { inferenceErrors } from "../errors.ts";
import type { InferenceServer } from "../inference-server.ts";
import type { GivenTensor } from "../inputs.ts";
import type { ServedModel } from "../served-model.ts";
import { badRequest, type Tensor, type TensorSpec } from "../tensor.ts";
import { readCsv } from "./csv.ts";
import { parseObject } from "./infer-request.ts";
import { inputsOfV1, nestedValues } from "./kserve-v1.ts";
import { inputsOfTable, isObject, tableOfRecords, type Table } from "./table.ts";

const FORMS = ["dataframe_split", "dataframe_records", "instances", "inputs"] as const;

/** A request of MLflow's scoring server: its inputs, and whether they came as a data frame. */
interface Scored {
  readonly inputs: readonly GivenTensor[];
  readonly isFrame: boolean;
}

/** The model that `/invocations` asks: the only one there is, or the one that `model` and `version` of its query name. */
export async function invokedModel(server: InferenceServer, query: URLSearchParams): Promise<ServedModel> {
  const name = await invokedName(server, query);
  return server.models.obtain(name, query.get("model") === null ? undefined : (query.get("version") ?? undefined));
}

/** The model that is named, or the only one there is. Throws `inference/bad-request` where it is not said which. */
export async function invokedName(server: InferenceServer, query: URLSearchParams): Promise<string> {
  const name = query.get("model");
  if (name !== null) return name;
  const names = await namesOf(server);
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return only;
  const told = names.length === 0 ? "there is no model" : `there are ${names.length} models, as ${names[0]}`;
  throw badRequest(`${told}: say which, as \`/invocations?model=NAME\``);
}

async function namesOf(server: InferenceServer): Promise<readonly string[]> {
  return [...new Set((await wholeIndex(server)).map(({ name }) => name))];
}

/** What MLflow's scoring server tells of itself at a path; undefined for any other. Throws where there is no model. */
export function scoringText(server: InferenceServer, path: string): (() => Promise<string>) | undefined {
  if (path === "/version") return async () => server.version;
  if (path !== "/ping" && path !== "/health") return undefined;
  return async () => {
    for (const name of await namesOf(server)) if (await server.models.answers(name)) return "\n";
    throw inferenceErrors.create("inference/unknown-model", { because: "there is none that answers" });
  };
}

/** The fields of MLflow's errors. */
export function scoringError(
  status: number,
  message: string,
): { readonly error_code: string; readonly message: string } {
  const error_code = status === 404 ? "RESOURCE_DOES_NOT_EXIST" : status >= 500 ? "INTERNAL_ERROR" : "BAD_REQUEST";
  return { error_code, message };
}

/** Reads a body of `/invocations` by its content type. Throws `inference/bad-request` and `inference/unknown-content`. */
export function readInvocation(
  body: Buffer,
  {
    type,
    specs,
    exact,
  }: { readonly type: string | undefined; readonly specs: readonly TensorSpec[]; readonly exact: boolean },
): Scored {
  const [media = "", ...parameters] = (type ?? "application/json")
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const odd = parameters.find((parameter) => parameter !== "" && !/^charset="?utf-8"?$/.test(parameter));
  if (odd !== undefined)
    throw unknownContent(`the content type has ${JSON.stringify(odd.slice(0, 60))}; it is UTF-8 alone`);
  if (media === "text/csv") return { isFrame: true, inputs: inputsOfTable(readCells(body, specs), specs) };
  if (media === "application/json") return readJson(parseObject(body, exact), specs);
  throw unknownContent(`the body is ${JSON.stringify(media.slice(0, 60))}; application/json and text/csv are read`);
}

function unknownContent(because: string): Error {
  return inferenceErrors.create("inference/unknown-content", { because });
}

function readJson(body: Readonly<Record<string, unknown>>, specs: readonly TensorSpec[]): Scored {
  const [form, ...others] = FORMS.filter((name) => body[name] !== undefined);
  if (form === undefined || others.length > 0) throw badRequest(`the body has one of ${FORMS.join(", ")}`);
  const given = body[form];
  if (form === "instances" || form === "inputs")
    return { isFrame: false, inputs: inputsOfV1({ [form]: given }, specs) };
  const table = form === "dataframe_split" ? splitTable(given) : tableOfRecords(listOf(given, form));
  return { isFrame: true, inputs: inputsOfTable(table, specs) };
}

function splitTable(given: unknown): Table {
  if (!isObject(given)) throw badRequest("`dataframe_split` is no object");
  const rows = listOf(given["data"], "data").map((row) => listOf(row, "a row of data"));
  const columns = given["columns"] === undefined ? undefined : listOf(given["columns"], "columns").map(String);
  return { columns, rows };
}

function listOf(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  throw badRequest(`\`${name}\` is no list`);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });
/** What pandas reads as missing. */
const MISSING = new Set(["", "nan", "na", "n/a", "null", "none", "<na>", "#n/a", "-nan"]);

/** Cells are text: those of columns that are numbers or booleans are read as such. */
function readCells(body: Buffer, specs: readonly TensorSpec[]): Table {
  const { columns, rows } = readCsv(decoded(body));
  const [only, ...others] = specs;
  const readers = (columns ?? []).map((name) => {
    const spec = others.length === 0 ? only : specs.find((one) => one.name === name);
    return (cell: string) => (spec === undefined ? cell : valueOf(cell, spec.datatype));
  });
  return { columns, rows: rows.map((row) => row.map((cell, at) => readers[at]?.(cell as string))) };
}

function decoded(body: Buffer): string {
  try {
    return UTF8.decode(body);
  } catch {
    throw badRequest("the CSV is no UTF-8");
  }
}

function valueOf(cell: string, datatype: TensorSpec["datatype"]): unknown {
  if (datatype === "BYTES") return cell;
  const word = cell.trim().toLowerCase();
  if (MISSING.has(word)) return null;
  if (word === "true" || word === "false") return word === "true";
  if (/^-?\d{16,40}$/.test(word)) return BigInt(word);
  const number = word === "inf" ? Number.POSITIVE_INFINITY : word === "-inf" ? Number.NEGATIVE_INFINITY : Number(word);
  return Number.isNaN(number) ? cell : number;
}

/**
 * The answer as `mlflow.pyfunc` has it: the rows of the one output; of an ONNX model, or where there are several, each output
 * by its name, in a row of a data frame or as a whole.
 */
export function writeInvocation(
  { model }: ServedModel,
  outputs: readonly Tensor[],
  { isFrame }: Pick<Scored, "isFrame">,
): Buffer {
  const columns = outputs.map((tensor) => [tensor.name, nestedValues(tensor)] as const);
  const [[, only] = ["", []], ...others] = columns;
  const byName = others.length > 0 || model.backend === "onnxruntime";
  const predictions = !byName
    ? only
    : isFrame
      ? only.map((_, row) => Object.fromEntries(columns.map(([name, values]) => [name, values[row]])))
      : Object.fromEntries(columns);
  return Buffer.from(JSON.stringify({ predictions }));
}
