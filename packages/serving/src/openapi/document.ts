/** An operation of a serving API, as OpenAPI tells it. Schemas are plain JSON Schema. */
export interface ToldOperation {
  readonly id: string;
  readonly method: "GET" | "POST";
  /** With `{name}` for each parameter. */
  readonly path: string;
  readonly summary: string;
  /** Something that is there, for each parameter of the path that has it. */
  readonly examples?: Readonly<Record<string, string>>;
  /** Of the headers that are read; those of the path are told by themselves. */
  readonly parameters?: readonly object[];
  readonly body?: ToldBody;
  /** The schema of what is answered, by its content type. */
  readonly answers: Readonly<Record<string, object>>;
  /** The statuses that it refuses with, besides those of all operations. */
  readonly refusals?: readonly Refusal[];
}

interface ToldBody {
  readonly schema: object;
  readonly required: boolean;
  readonly example?: unknown;
}

const REFUSALS = {
  400: "The request cannot be read, or has a field that is missing or of another type.",
  403: "The caller is not of this machine.",
  404: "There is none of this name or version.",
  409: "The model is not loaded.",
  413: "There is more in it than is answered at once.",
  415: "The body is of a content type that is not read.",
  422: "It is of the right form, and its parts do not fit each other or the model.",
  500: "A defect.",
  503: "Too many requests wait, or what is stored is too old to answer from.",
  504: "It was not executed within its time.",
} as const;

export type Refusal = keyof typeof REFUSALS;

/** Any address may answer so. */
const REFUSALS_OF_ALL: readonly Refusal[] = [403, 500];

/** The OpenAPI 3.1 document of a serving API. `Error` is among its schemas. */
export function openApiDocument({
  title,
  version,
  operations,
  schemas = {},
}: {
  readonly title: string;
  readonly version: string;
  readonly operations: readonly ToldOperation[];
  readonly schemas?: Readonly<Record<string, object>>;
}): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) (paths[operation.path] ??= {})[operation.method.toLowerCase()] = told(operation);
  return {
    openapi: "3.1.1",
    info: { title, version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    paths,
    components: { schemas: { ...schemas, Error: ERROR } },
  };
}

function told({
  id,
  path,
  summary,
  examples = {},
  parameters = [],
  body,
  answers,
  refusals = [],
}: ToldOperation): object {
  const contents = Object.entries(answers).map(([type, schema]) => [type, { schema }] as const);
  const statuses = [...REFUSALS_OF_ALL, ...refusals].toSorted((a, b) => a - b);
  return {
    operationId: id,
    summary,
    parameters: [...pathParameters(path, examples), ...parameters],
    ...(body === undefined ? {} : { requestBody: requestBody(body) }),
    responses: {
      200: { description: "It is done.", content: Object.fromEntries(contents) },
      ...Object.fromEntries(statuses.map((status) => [status, { description: REFUSALS[status], content: REFUSED }])),
    },
  };
}

function requestBody({ schema, required, example }: ToldBody): object {
  const media = { schema, ...(example === undefined ? {} : { example }) };
  return { required, content: { "application/json": media } };
}

function pathParameters(path: string, examples: Readonly<Record<string, string>>): readonly object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string", minLength: 1 },
    ...(examples[name] === undefined ? {} : { example: examples[name] }),
  }));
}

const REFUSED = { "application/json": { schema: { $ref: "#/components/schemas/Error" } } };

const ERROR = {
  type: "object",
  description: "`error` is the Open Inference Protocol's field, the others those of problem details (RFC 9457).",
  required: ["error", "type", "title", "detail", "status", "code", "remedy"],
  properties: {
    error: { type: "string", minLength: 1 },
    type: { type: "string", minLength: 1 },
    title: { type: "string", minLength: 1 },
    detail: { type: "string", description: "Why it happened this time." },
    status: { type: "integer" },
    code: { type: "string", minLength: 1, description: "Stable; `mill explain CODE` says more." },
    remedy: { type: "string", minLength: 1, description: "What to do." },
  },
};
