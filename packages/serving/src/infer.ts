import { answerTensors, tensorData, VARIANT_OUTPUTS } from "./answer.ts";
import { badRequest, servingErrors, tooLarge } from "./errors.ts";
import { ID_LENGTH_MAX, isLonger, ROWS_MAX } from "./limits.ts";
import { DATATYPE } from "./openapi/schemas.ts";
import type { Body } from "./request-body.ts";
import { functionTensors } from "./functions/function-tensors.ts";
import type { LoadedFunction } from "./functions/load-function.ts";
import type { LoadedService, Prediction } from "./service.ts";
import type { ServingState } from "./serving-state.ts";
import type { AskedWith } from "./traffic/sticky-key.ts";

/**
 * A plain object of the service's fields is one row; Open Inference `inputs` are columns of rows. Either may ask for
 * explanations: `parameters: { "explain": true }`.
 */
export function answerInfer(
  state: ServingState,
  service: LoadedService,
  { body, headers }: { readonly body: Body; readonly headers: AskedWith["headers"] },
): unknown {
  const { inputs } = body;
  const { model, deployed } = service;
  const hasParameters = !deployed.request.some((field) => field.name === "parameters");
  if (!Array.isArray(inputs)) {
    const asked = hasParameters ? { explain: asksToExplain(body), parameters: parametersOf(body) } : { explain: false };
    return state.predict(service, { rows: [body], id: undefined, headers, ...asked })[0];
  }
  const given = idOf(body);
  const explain = asksToExplain(body);
  const asked = { rows: rowsOf(inputs), id: given, explain, headers, parameters: parametersOf(body) };
  const predictions = state.predict(service, asked);
  return {
    id: given ?? predictions[0]?.id,
    model_name: deployed.name,
    model_version: versionOf(predictions),
    outputs: [
      ...answerTensors(model, predictions.length).map((tensor) => ({
        ...tensor,
        data: tensorData(tensor.name, predictions),
      })),
      {
        name: "prediction_id",
        datatype: "BYTES",
        shape: [predictions.length],
        data: predictions.map((prediction) => prediction.id),
      },
      ...(service.variants === undefined ? [] : variantTensors(predictions)),
      ...(explain ? [explanationTensor(predictions)] : []),
    ],
  };
}

/** The same of a function; it explains nothing. */
export async function answerFunction(state: ServingState, service: LoadedFunction, body: Body): Promise<unknown> {
  const { inputs } = body;
  const { deployed } = service;
  if (!Array.isArray(inputs)) return (await state.callFunction(service, { rows: [body], id: undefined }))[0];
  const given = idOf(body);
  const answers = await state.callFunction(service, { rows: rowsOf(inputs), id: given });
  return {
    id: given ?? answers[0]?.id,
    model_name: deployed.name,
    model_version: String(deployed.version),
    outputs: functionTensors(deployed, answers.length).map((tensor) => ({
      ...tensor,
      data: answers.map((answer) => answer[tensor.name === "prediction_id" ? "id" : tensor.name]),
    })),
  };
}

/** The version that answered; where it was not the same for each row, all of them. Which row had which is in its outputs. */
function versionOf(predictions: readonly Prediction[]): string {
  return [...new Set(predictions.map(({ model_version: version }) => version))].join(",");
}

/** What answered each row. */
function variantTensors(predictions: readonly Prediction[]) {
  const shape = [predictions.length];
  return VARIANT_OUTPUTS.map((name) => ({
    name,
    datatype: "BYTES",
    shape,
    data: predictions.map((prediction) => prediction[name]),
  }));
}

function parametersOf({ parameters }: Body): AskedWith["parameters"] {
  return Object(parameters ?? {}) as AskedWith["parameters"];
}

/** The caller's own name for the request. */
function idOf({ id = null }: Body): string | undefined {
  if (id === null || id === "") return undefined;
  if (typeof id !== "string") throw badRequest("the id is not text");
  if (isLonger(id, ID_LENGTH_MAX)) throw badRequest(`the id is longer than ${ID_LENGTH_MAX} characters`);
  return id;
}

function asksToExplain({ parameters }: Body): boolean {
  if (parameters === undefined || parameters === null) return false;
  const { explain = false } = Object(parameters) as { readonly explain?: unknown };
  if (typeof parameters !== "object" || Array.isArray(parameters) || typeof explain !== "boolean")
    throw badRequest('`parameters` is not an object such as { "explain": true }');
  return explain;
}

/** Each row's explanation as JSON text. */
function explanationTensor(predictions: readonly Prediction[]) {
  return {
    name: "explanation",
    datatype: "BYTES",
    shape: [predictions.length],
    data: predictions.map(({ explanation }) => JSON.stringify(explanation)),
  };
}

function rowsOf(inputs: readonly unknown[]): readonly Record<string, unknown>[] {
  const columns = inputs.map(columnOf);
  const length = columns[0]?.data.length ?? 0;
  if (length === 0 || columns.some(({ data }) => data.length !== length))
    throw servingErrors.create("serving/uneven-inputs", {
      because: `there are ${columns.map(({ name, data }) => `${data.length} of ${name.slice(0, 100)}`).join(", ") || "none"}`,
    });
  if (length > ROWS_MAX) throw tooLarge(`${length} rows, where ${ROWS_MAX} are the most`);
  return Array.from({ length }, (_, row) => Object.fromEntries(columns.map(({ name, data }) => [name, data[row]])));
}

/** What a field's own type does not say of its input, the protocol's `datatype` and `shape`, is checked where it is there. */
function columnOf(input: unknown): { readonly name: string; readonly data: readonly unknown[] } {
  const { name, data, datatype, shape } = (input ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || !Array.isArray(data))
    throw badRequest("each input needs a name and its data as a list");
  if (datatype !== undefined && !DATATYPE.enum.includes(datatype as string))
    throw badRequest(`the datatype of ${name.slice(0, 100)} is none of the protocol's`);
  if (shape !== undefined && !(Array.isArray(shape) && shape.every((size) => Number.isInteger(size) && size >= 0)))
    throw badRequest(`the shape of ${name.slice(0, 100)} is no list of sizes`);
  return { name, data: data as readonly unknown[] };
}
