// What the Open Inference Protocol says of its bodies, as JSON Schema: of services and of a folder's models alike.

/** An object that has these properties and no others; all but the `optional` are there. */
export function exactly(properties: Readonly<Record<string, object>>, optional: readonly string[] = []): object {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", required, properties, additionalProperties: false };
}

export const listOf = (items: object) => ({ type: "array", items });

export const TEXT = { type: "string" };
export const NAME = { type: "string", minLength: 1 };
export const COUNT = { type: "integer", minimum: 0 };
export const BOOLEAN = { type: "boolean" };
const PARAMETERS = { type: "object", additionalProperties: true };
export const PARAMETERS_OR_NULL = { type: ["object", "null"], additionalProperties: true };

export const DATATYPE = {
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

export const SHAPE = listOf(COUNT);

const TENSOR_METADATA = exactly(
  {
    name: TEXT,
    datatype: DATATYPE,
    shape: { ...listOf({ type: "integer", minimum: -1 }), description: "-1 is a dimension of any size." },
    parameters: PARAMETERS,
  },
  ["parameters"],
);

export const SERVER_METADATA = exactly({ name: NAME, version: NAME, extensions: listOf(TEXT) });
export const ALIVE = exactly({ status: TEXT });
export const LIVE = exactly({ live: BOOLEAN });
export const READY = exactly({ ready: BOOLEAN });
export const MODEL_READY = exactly({ name: NAME, ready: BOOLEAN });
export const MODEL_METADATA = exactly({
  name: NAME,
  versions: listOf(NAME),
  platform: TEXT,
  inputs: listOf(TENSOR_METADATA),
  outputs: listOf(TENSOR_METADATA),
});

/** A tensor of an answer. Its data is elsewhere where `parameters` say so. */
export const OUTPUT_TENSOR = exactly(
  { name: TEXT, datatype: DATATYPE, shape: SHAPE, parameters: PARAMETERS, data: { type: "array" } },
  ["parameters", "data"],
);
