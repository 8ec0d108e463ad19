import { BOOLEAN, COUNT, exactly, listOf, NAME, PARAMETERS_OR_NULL, TEXT } from "../../openapi/schemas.ts";
import { ROUTER_TYPES } from "../../graphs/graph-definition.ts";

// What the operations besides inference take and answer, as JSON Schema.

const durations = (...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, exactly({ count: COUNT, ns: { type: "number", minimum: 0 } })]));
const COMPUTED = ["compute_input", "compute_infer", "compute_output"];

const VERSION_STATISTICS = exactly({
  name: NAME,
  version: NAME,
  last_inference: { type: "number", minimum: 0, description: "Milliseconds since 1970; 0 before the first." },
  inference_count: COUNT,
  execution_count: COUNT,
  inference_stats: exactly(durations("success", "fail", "queue", ...COMPUTED, "cache_hit", "cache_miss")),
  batch_stats: listOf(exactly({ batch_size: COUNT, ...durations(...COMPUTED) })),
});

const STEP = {
  type: "object",
  required: ["name", "to", "target", "dependency", "requests", "failures", "skipped", "seconds"],
  properties: {
    name: NAME,
    to: { enum: ["node", "model", "address"] },
    target: NAME,
    weight: COUNT,
    condition: TEXT,
    data: TEXT,
    dependency: { enum: ["Soft", "Hard"] },
    requests: COUNT,
    failures: COUNT,
    skipped: { ...COUNT, description: "Requests whose condition sent them another way." },
    seconds: { type: "number", minimum: 0, description: "Time of all its requests together." },
  },
};

const TENSOR_CONFIG = { type: "object", required: ["name", "data_type", "dims"], properties: { name: NAME } };

/** As text or as a number; null brings back what holds without it. */
const traceChange = (pattern: string) => {
  const value = { type: ["string", "integer"], pattern };
  return { anyOf: [value, { ...listOf(value), minItems: 1, maxItems: 1 }, { type: "null" }] };
};
const LEVEL = { enum: ["OFF", "TIMESTAMPS"] };

export const schemas = {
  NOTHING: exactly({}),
  ANYTHING: { type: "object" },
  INDEX: listOf(
    exactly({ name: NAME, version: TEXT, state: { enum: ["READY", "UNAVAILABLE", "LOADING"] }, reason: TEXT }),
  ),
  INDEX_ASKED: {
    type: "object",
    properties: { ready: { type: ["boolean", "null"], description: "Those alone that are ready." } },
  },
  LOAD: {
    type: "object",
    properties: {
      parameters: {
        ...PARAMETERS_OR_NULL,
        properties: { config: { ...TEXT, description: "In place of the folder's own, as JSON." } },
        patternProperties: { "^file:": { ...TEXT, description: "In place of the folder's files, as base64." } },
      },
    },
  },
  MODEL_CONFIG: {
    type: "object",
    required: ["name", "platform", "backend", "max_batch_size", "input", "output"],
    properties: {
      name: NAME,
      platform: TEXT,
      backend: TEXT,
      max_batch_size: COUNT,
      input: listOf(TENSOR_CONFIG),
      output: listOf(TENSOR_CONFIG),
    },
  },
  GRAPH: exactly({
    name: NAME,
    nodes: {
      type: "object",
      additionalProperties: exactly({ routerType: { enum: [...ROUTER_TYPES] }, steps: listOf(STEP) }),
    },
  }),
  EXPLANATION: exactly({
    name: NAME,
    by: { enum: ["model", "asking", "none"] },
    reason: TEXT,
    has_background: BOOLEAN,
    features: listOf(TEXT),
  }),
  STATISTICS: exactly({ model_stats: listOf(VERSION_STATISTICS) }),
  REGIONS: listOf(exactly({ name: NAME, key: NAME, offset: COUNT, byte_size: COUNT })),
  REGISTER: {
    type: "object",
    required: ["key", "byte_size"],
    properties: {
      key: NAME,
      offset: { ...COUNT, default: 0 },
      byte_size: { type: "integer", minimum: 1 },
    },
  },
  LOG_SETTINGS: exactly({
    log_file: TEXT,
    log_info: BOOLEAN,
    log_warning: BOOLEAN,
    log_error: BOOLEAN,
    log_verbose_level: COUNT,
    log_format: TEXT,
  }),
  LOG_CHANGE: {
    type: "object",
    additionalProperties: false,
    properties: {
      log_file: { const: "" },
      log_info: BOOLEAN,
      log_warning: { const: true },
      log_error: { const: true },
      log_verbose_level: { type: "integer", minimum: 0, maximum: 1_000 },
      log_format: { const: "default" },
    },
  },
  TRACE_SETTINGS: exactly({
    trace_level: listOf(LEVEL),
    trace_rate: TEXT,
    trace_count: TEXT,
    log_frequency: TEXT,
    trace_file: TEXT,
    trace_mode: TEXT,
  }),
  TRACE_CHANGE: {
    type: "object",
    additionalProperties: false,
    properties: {
      trace_level: { anyOf: [LEVEL, { ...listOf(LEVEL), minItems: 1 }, { type: "null" }] },
      trace_rate: traceChange("^[1-9][0-9]{0,9}$"),
      trace_count: traceChange("^(-1|[0-9]{1,10})$"),
      log_frequency: traceChange("^[0-9]{1,10}$"),
      trace_file: { enum: ["", null] },
      trace_mode: { enum: ["triton", null] },
    },
  },
};
