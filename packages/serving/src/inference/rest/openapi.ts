import { openApiDocument, type ToldOperation } from "../../openapi/document.ts";
import {
  BOOLEAN,
  DATATYPE,
  exactly,
  listOf,
  NAME,
  OUTPUT_TENSOR,
  PARAMETERS_OR_NULL,
  SHAPE,
  TEXT,
} from "../../openapi/schemas.ts";
import type { InferenceServer } from "../inference-server.ts";
import type { ServedModel } from "../served-model.ts";
import type { TensorSpec } from "../tensor.ts";
import { operations } from "./operations.ts";

/** The OpenAPI 3.1 document of a folder's models. The addresses show a model that is served, where there is one. */
export function openApiOfInference({ version, models }: Pick<InferenceServer, "version" | "models">): object {
  const [first] = models.served();
  const examples = first === undefined ? {} : { name: first.name, version: first.version };
  const all = [...operations.map(toldOperation), ...inferences(first), ...firstProtocol, ...scoring];
  return openApiDocument({
    title: "Open Inference Protocol",
    version,
    operations: all.map((operation) => ({ ...operation, examples })),
  });
}

function toldOperation({ id, method, path, summary, body, answers, refusals = [] }: (typeof operations)[number]) {
  return {
    id,
    method,
    path,
    summary,
    refusals,
    answers: { "application/json": answers },
    // A body that is not there is one that says nothing.
    ...(body === undefined ? {} : { body: { required: false, schema: body } }),
  } satisfies ToldOperation;
}

const INPUT_TENSOR = {
  type: "object",
  description: "Its data is in `data`, in the bytes after the JSON or in shared memory: in one of them.",
  required: ["name", "datatype", "shape"],
  properties: {
    name: TEXT,
    datatype: DATATYPE,
    shape: SHAPE,
    parameters: PARAMETERS_OR_NULL,
    data: { type: "array", description: "The elements, flat or nested as the shape is." },
  },
};

const INFER_REQUEST = {
  type: "object",
  required: ["inputs"],
  properties: {
    id: { type: "string", maxLength: 1_024 },
    parameters: PARAMETERS_OR_NULL,
    inputs: listOf(INPUT_TENSOR),
    outputs: listOf({
      type: "object",
      required: ["name"],
      properties: { name: TEXT, parameters: PARAMETERS_OR_NULL },
    }),
  },
};

const INFER_ANSWER = exactly({ id: TEXT, model_name: NAME, model_version: NAME, outputs: listOf(OUTPUT_TENSOR) }, [
  "id",
]);

const HEADER_LENGTH = {
  name: "Inference-Header-Content-Length",
  in: "header",
  required: false,
  description: "Where the JSON ends, when tensors follow it as bytes.",
  schema: { type: "integer", minimum: 0 },
};

function inferences(served: ServedModel | undefined): readonly ToldOperation[] {
  const example = served === undefined ? undefined : requestOfNothing(served.model.inputs);
  return ["", "/versions/{version}"].map((of): ToldOperation => ({
    id: of === "" ? "infer" : "inferOfVersion",
    method: "POST",
    path: `/v2/models/{name}${of}/infer`,
    summary: "Infer: tensors in, tensors out.",
    parameters: [HEADER_LENGTH],
    body: { required: true, schema: INFER_REQUEST, example },
    answers: {
      "application/json": INFER_ANSWER,
      "application/octet-stream": { description: "The JSON, then the outputs that were asked for as bytes." },
    },
    refusals: [400, 404, 409, 413, 422, 503, 504],
  }));
}

const EXAMPLE_ELEMENTS_MAX = 100;

/** A request of one row: each element nought, or no text. None where it would be long. */
function requestOfNothing(specs: readonly TensorSpec[]): object | undefined {
  const tensors = specs.map(({ name, datatype, shape }) => {
    const sizes = shape.map((size) => (size === -1 ? 1 : size));
    return { name, datatype, sizes, elements: sizes.reduce((all, size) => all * size, 1) };
  });
  if (tensors.some(({ elements }) => elements > EXAMPLE_ELEMENTS_MAX)) return undefined;
  const inputs = tensors.map(({ name, datatype, sizes, elements }) => {
    const nothing = datatype === "BYTES" ? "" : 0;
    return { name, datatype, shape: sizes, data: Array.from({ length: elements }, () => nothing) };
  });
  return { inputs };
}

/** Rows, or columns by their names. */
const ROWS = {
  anyOf: [
    { type: "object", required: ["instances"], properties: { instances: { type: "array" } } },
    { type: "object", required: ["inputs"], properties: { inputs: { type: ["array", "object"] } } },
  ],
};

const EXPLAINED_AGAINST = {
  background: {
    type: "array",
    description: "Rows, as `instances` has them, against which a model is explained that does not say why by itself.",
  },
  parameters: { type: "object", description: "`npermutations` (10), `seed` (0), `output`: of such a model." },
};

/** KServe's first protocol. */
const firstProtocol: readonly ToldOperation[] = [
  {
    id: "listModelsOfV1",
    method: "GET",
    path: "/v1/models",
    summary: "The names of the models that are served.",
    answers: { "application/json": exactly({ models: listOf(NAME) }) },
  },
  {
    id: "modelReadyOfV1",
    method: "GET",
    path: "/v1/models/{name}",
    summary: "Whether a model answers.",
    answers: { "application/json": exactly({ name: NAME, ready: BOOLEAN }) },
    refusals: [404, 503],
  },
  {
    id: "predict",
    method: "POST",
    path: "/v1/models/{name}:predict",
    summary: "Infer by rows (`instances`) or by columns (`inputs`).",
    body: { required: true, schema: ROWS },
    answers: { "application/json": exactly({ predictions: { type: "array" } }) },
    refusals: [400, 404, 409, 413, 422, 503, 504],
  },
  {
    id: "explain",
    method: "POST",
    path: "/v1/models/{name}:explain",
    summary: "Of each row what every feature adds to the answer before its link, and last what that is on average.",
    body: { required: true, schema: { ...ROWS, properties: EXPLAINED_AGAINST } },
    answers: { "application/json": exactly({ explanations: { type: "array" } }) },
    refusals: [400, 404, 409, 413, 422, 503, 504],
  },
];

const TEXT_ANSWER = { "text/plain": { type: "string" } };

/** MLflow's scoring server. */
const scoring: readonly ToldOperation[] = [
  {
    id: "invocations",
    method: "POST",
    path: "/invocations",
    summary: "Infer by rows or columns, in JSON or CSV, as MLflow's scoring server does.",
    parameters: [
      {
        name: "model",
        in: "query",
        required: false,
        description: "Which model, where there are several.",
        schema: NAME,
      },
      { name: "version", in: "query", required: false, schema: NAME },
    ],
    body: {
      required: true,
      schema: {
        anyOf: [
          ROWS,
          {
            type: "object",
            required: ["dataframe_split"],
            properties: {
              dataframe_split: {
                type: "object",
                required: ["data"],
                properties: { columns: { type: "array" }, data: listOf({ type: "array" }) },
              },
            },
          },
          {
            type: "object",
            required: ["dataframe_records"],
            properties: { dataframe_records: listOf({ type: "object" }) },
          },
        ],
      },
    },
    answers: { "application/json": exactly({ predictions: { type: ["array", "object"] } }) },
    refusals: [400, 404, 409, 413, 415, 422, 503, 504],
  },
  ...(["/ping", "/health"] as const).map((path): ToldOperation => ({
    id: path.slice(1),
    method: "GET",
    path,
    summary: "Whether there is a model that answers.",
    answers: TEXT_ANSWER,
    refusals: [404],
  })),
  { id: "version", method: "GET", path: "/version", summary: "The server's version.", answers: TEXT_ANSWER },
];
