import type { Column } from "@millwright/kernel";
import { ISO_TIME, planFeatures } from "@millwright/feature-store/serving";
import type { TreeModel } from "@millwright/training/serving";
import type { DeployedFunction, DeployedService } from "../deployment.ts";
import { ID_LENGTH_MAX, TEXT_LENGTH_MAX } from "../limits.ts";
import { DATATYPE, exactly, listOf, NAME, OUTPUT_TENSOR, SHAPE, TEXT } from "./schemas.ts";

/** What a service takes and answers, as JSON Schema: a row of its fields, or columns of many rows. */
export interface ServiceSchemas {
  readonly Row: object;
  readonly Columns: object;
  readonly Prediction: object;
  readonly Predictions: object;
}

/** The schemas of a service, by its signature and by what its model has learned. */
export function serviceSchemas(deployed: DeployedService, model: TreeModel): ServiceSchemas {
  return {
    Row: rowSchema(deployed),
    Columns: columnsSchema(deployed),
    Prediction: exactly(
      { id: NAME, ...modelNames(deployed), ...answerFields(model), explanation: explanationSchema(model) },
      ["explanation"],
    ),
    Predictions: exactly({ id: NAME, ...withoutVariant(modelNames(deployed)), outputs: listOf(OUTPUT_TENSOR) }),
  };
}

/** The same of a function, by what it declares. */
export function functionSchemas(deployed: DeployedFunction): ServiceSchemas {
  const names = { model_name: { const: deployed.name }, model_version: { const: String(deployed.version) } };
  const fields = deployed.response.map((column) => [column.name, answerSchema(column)] as const);
  return {
    Row: rowSchema(deployed),
    Columns: columnsSchema(deployed),
    Prediction: exactly({ id: NAME, ...names, ...Object.fromEntries(fields) }),
    Predictions: exactly({ id: NAME, ...names, outputs: listOf(OUTPUT_TENSOR) }),
  };
}

function answerSchema({ type, nullable, doc }: Column): object {
  const json = type === "boolean" ? "boolean" : type === "int" || type === "long" ? "integer" : undefined;
  const named = json ?? (type === "float" || type === "double" ? "number" : "string");
  return {
    type: nullable === true ? [named, "null"] : named,
    ...(doc === undefined ? {} : { description: doc }),
  };
}

/** What the fields of a request are described by. */
type Taking = Pick<DeployedService, "request" | "selections" | "timestamp">;

/** Of the versions that share a service's requests, any may answer; of many rows each another. */
function modelNames({ name, version, traffic }: DeployedService): Readonly<Record<string, object>> {
  if (traffic === undefined) return { model_name: { const: name }, model_version: { const: String(version) } };
  const variants = { enum: [traffic.primary, ...Object.keys(traffic.variants)] };
  return { model_name: { const: name }, model_version: { type: "string", pattern: "^[0-9,]+$" }, variant: variants };
}

function withoutVariant({ variant: _variant, ...names }: Readonly<Record<string, object>>) {
  return names;
}

const EXPLAIN = {
  type: ["object", "null"],
  properties: { explain: { type: "boolean", default: false, description: "Whether each answer says why it is so." } },
};

/** Other properties are left. With a list of `inputs` it would be columns. */
function rowSchema(deployed: Taking): object {
  const { request } = deployed;
  const fields = request.map((field) => [field.name, fieldSchema(field, deployed)] as const);
  return {
    type: "object",
    description: "One row: the service's fields. Other properties are left.",
    required: requiredFields(request),
    properties: { parameters: EXPLAIN, ...Object.fromEntries(fields), inputs: { not: { type: "array" } } },
  };
}

/** Each input of a field has that field's values; inputs of other names are left. */
function columnsSchema(deployed: Taking): object {
  const { request } = deployed;
  const others = { not: { enum: request.map(({ name }) => name) }, type: "string" };
  const inputs = [
    ...request.map((field) => inputSchema({ const: field.name }, fieldSchema(field, deployed))),
    inputSchema(others, {}),
  ];
  return {
    type: "object",
    description: "Many rows, each field's values as one input: equally many of each.",
    required: ["inputs"],
    properties: {
      id: { type: ["string", "null"], maxLength: ID_LENGTH_MAX },
      parameters: EXPLAIN,
      inputs: {
        type: "array",
        minItems: 1,
        items: { anyOf: inputs },
        allOf: requiredFields(request).map((name) => ({
          contains: { type: "object", required: ["name"], properties: { name: { const: name } } },
        })),
      },
    },
  };
}

function inputSchema(name: object, values: object): object {
  return {
    type: "object",
    required: ["name", "data"],
    properties: { name, datatype: DATATYPE, shape: SHAPE, data: { type: "array", minItems: 1, items: values } },
  };
}

function requiredFields(request: readonly Column[]): readonly string[] {
  return request.filter(({ nullable }) => nullable !== true).map(({ name }) => name);
}

/** Null stands for a value that is not there, but in a key and in the time of the request, which nothing stands for. */
function fieldSchema({ name, type, nullable, doc }: Column, { selections, timestamp }: Taking): object {
  const kinds = kindsOf(type);
  const isKey = planFeatures(selections).joins.some(({ on }) => on.includes(name));
  const mayBeNull = !isKey && name !== timestamp && (nullable === true || !type.startsWith("timestamp"));
  const anyOf = mayBeNull ? [...kinds, { type: "null" }] : kinds;
  const description = doc === undefined ? {} : { description: doc };
  return anyOf.length === 1 ? { ...anyOf[0], ...description } : { anyOf, ...description };
}

const NUMBER = { type: "number", minimum: -Number.MAX_VALUE, maximum: Number.MAX_VALUE };
const WHOLE = { type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };

function kindsOf(type: string): readonly object[] {
  if (type === "string") return [{ type: "string", maxLength: TEXT_LENGTH_MAX }];
  if (type === "long" || type === "int") return [WHOLE, { type: "string", pattern: "^-?[0-9]{1,19}$" }];
  if (type === "boolean") return [{ type: "boolean" }, { enum: [0, 1] }];
  if (type.startsWith("timestamp"))
    return [
      { type: "string", pattern: ISO_TIME.source, description: "UTC where it names no zone." },
      { ...NUMBER, description: "Milliseconds since 1970." },
    ];
  return [NUMBER];
}

const PROBABILITY = { type: "number", minimum: 0, maximum: 1 };

function answerFields({ objective, classes }: TreeModel): Readonly<Record<string, object>> {
  if (objective === "binary") return { probability: PROBABILITY };
  if (objective === "squared") return { prediction: { type: "number" } };
  const probabilities = classes.map((label) => [String(label), PROBABILITY] as const);
  return { prediction: { enum: classes }, probabilities: exactly(Object.fromEntries(probabilities)) };
}

function explanationSchema({ features, classes }: TreeModel): object {
  const contribution = exactly({
    feature: { enum: features },
    value: { type: ["number", "string", "null"] },
    contribution: { type: "number" },
  });
  const scale = { enum: ["log_odds", "number", "score"] };
  const called = classes.length === 0 ? TEXT : { enum: classes };
  return exactly({ scale, class: called, base: { type: "number" }, contributions: listOf(contribution) }, ["class"]);
}
