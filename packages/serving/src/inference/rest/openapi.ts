import type { InferenceServer } from "../inference-server.ts";
import { operations } from "./operations.ts";

/** The OpenAPI 3.1 document of the REST protocol. */
export function openApiOfInference({ version }: Pick<InferenceServer, "version">): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { id, method, path, summary } of operations)
    (paths[path] ??= {})[method.toLowerCase()] = described({
      id,
      path,
      summary,
      ...(method === "POST" ? { body: { type: "object" } } : {}),
    });
  for (const path of ["/v2/models/{name}/infer", "/v2/models/{name}/versions/{version}/infer"])
    paths[path] = {
      post: described({
        id: path.includes("version") ? "inferOfVersion" : "infer",
        path,
        summary: "Infer: tensors in, tensors out.",
        body: INFER_REQUEST,
        answer: INFER_ANSWER,
      }),
    };
  return {
    openapi: "3.1.1",
    info: { title: "Open Inference Protocol", version },
    paths,
    components: { schemas: { Error: ERROR } },
  };
}

interface Told {
  readonly id: string;
  readonly path: string;
  readonly summary: string;
  readonly body?: object;
  readonly answer?: object;
}

function described({ id, path, summary, body, answer = {} }: Told): unknown {
  return {
    operationId: id,
    summary,
    parameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: "path",
      required: true,
      schema: { type: "string", minLength: 1 },
    })),
    ...(body === undefined ? {} : { requestBody: { content: { "application/json": { schema: body } } } }),
    responses: {
      200: { description: "It is done.", content: { "application/json": { schema: answer } } },
      default: {
        description: "It was refused or failed.",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
      },
    },
  };
}

const PARAMETERS = { type: "object", additionalProperties: true };
const SHAPE = { type: "array", items: { type: "integer", minimum: 0 } };
const DATATYPE = {
  type: "string",
  enum: [
    "BOOL",
    "INT8",
    "INT16",
    "INT32",
    "INT64",
    "UINT8",
    "UINT16",
    "UINT32",
    "UINT64",
    "FP16",
    "BF16",
    "FP32",
    "FP64",
    "BYTES",
  ],
};

const INFER_REQUEST = {
  type: "object",
  required: ["inputs"],
  properties: {
    id: { type: "string", maxLength: 1_024 },
    parameters: PARAMETERS,
    inputs: {
      type: "array",
      items: {
        type: "object",
        required: ["name", "datatype", "shape"],
        properties: {
          name: { type: "string" },
          datatype: DATATYPE,
          shape: SHAPE,
          parameters: PARAMETERS,
          data: { type: "array" },
        },
      },
    },
    outputs: {
      type: "array",
      items: { type: "object", required: ["name"], properties: { name: { type: "string" }, parameters: PARAMETERS } },
    },
  },
};

const INFER_ANSWER = {
  type: "object",
  required: ["model_name", "outputs"],
  properties: {
    id: { type: "string" },
    model_name: { type: "string" },
    model_version: { type: "string" },
    outputs: {
      type: "array",
      items: {
        type: "object",
        required: ["name", "datatype", "shape"],
        properties: {
          name: { type: "string" },
          datatype: DATATYPE,
          shape: SHAPE,
          parameters: PARAMETERS,
          data: { type: "array" },
        },
      },
    },
  },
};

const ERROR = {
  type: "object",
  required: ["error"],
  properties: { error: { type: "string", minLength: 1 }, code: { type: "string" }, remedy: { type: "string" } },
};
