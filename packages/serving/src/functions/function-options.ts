import { parse, Type, type Column, type Services } from "@millwright/kernel";
import type { FeatureSelection } from "@millwright/feature-store/define";
import { servingErrors } from "../errors.ts";

/** The type of a field: as text it may not be left out, `nullable` it may. */
type FieldType = "boolean" | "int" | "long" | "float" | "double" | "string" | "timestamp";
type Field = FieldType | { readonly type: FieldType; readonly nullable?: boolean; readonly doc?: string };
export type Fields = Readonly<Record<string, Field>>;

type TypeOf<Of extends Field> = Of extends { readonly type: infer Inner extends FieldType }
  ? ValueOf<Inner> | (Of extends { readonly nullable: true } ? null : never)
  : Of extends FieldType
    ? ValueOf<Of>
    : never;
type ValueOf<Of extends FieldType> = Of extends "boolean"
  ? boolean
  : Of extends "string" | "timestamp"
    ? string
    : number;

/** A row of declared fields. Timestamps are ISO 8601 text. */
type RowOf<Declared extends Fields> = { readonly [Name in keyof Declared]: TypeOf<Declared[Name]> };

type NameOfService = [keyof Services] extends [never] ? string : Extract<keyof Services, string>;
type AskedOf<Name> = Name extends keyof Services
  ? Services[Name] extends { request: infer Request }
    ? Request
    : never
  : Readonly<Record<string, unknown>>;
type ToldOf<Name> = Name extends keyof Services
  ? Services[Name] extends { response: infer Response }
    ? Response
    : never
  : Readonly<Record<string, unknown>>;

/** What a function has beside its request. */
export interface FunctionContext {
  /** Names the prediction, in the log too. */
  readonly id: string;
  /** The declared features as they were at the request's time, by name; null where one is missing. */
  readonly features: Readonly<Record<string, number | string | null>>;
  readonly models: {
    /** Asks another service of the project, which `asks` names. Rejects with its refusal. */
    ask<Name extends NameOfService>(service: Name, request: AskedOf<Name>): Promise<ToldOf<Name>>;
  };
  /** Refuses the request, with status 422 and this reason. */
  refuse(reason: string): never;
}

/** How many requests a function works at, and for how long. */
export interface ServiceLimits {
  /** Requests at once; others wait. 16 unless told. */
  readonly concurrency?: number;
  /** Requests that may wait; what comes beyond is refused with 503. 1,000 unless told. */
  readonly queue?: number;
  /** How long a request may take, its waiting included, in milliseconds: 1,000 unless told. */
  readonly timeoutMs?: number;
}

export interface FunctionOptions<Request extends Fields, Response extends Fields> {
  readonly name: string;
  readonly description?: string;
  readonly request: Request;
  readonly response: Response;
  /** The field of the request that says when it asks, by which features are looked up; the clock where there is none. */
  readonly timestamp?: Extract<keyof Request, string>;
  readonly features?: readonly FeatureSelection[];
  /** The services that it may ask. */
  readonly asks?: readonly NameOfService[];
  readonly limits?: ServiceLimits;
  /** Answers one request. It runs in a thread of its own; a request that was cut off by another's failure is asked again. */
  readonly predict: (request: RowOf<Request>, context: FunctionContext) => RowOf<Response> | Promise<RowOf<Response>>;
}

/** A function's definition as plain data, without the function. */
export interface FunctionData {
  readonly request: readonly Column[];
  readonly response: readonly Column[];
  readonly timestamp?: string;
  readonly features: readonly FeatureSelection[];
  readonly asks: readonly string[];
  readonly limits: Required<ServiceLimits>;
}

const FIELD_TYPE = Type.Union(
  ["boolean", "int", "long", "float", "double", "string", "timestamp"].map((type) => Type.Literal(type)),
);
const FIELDS = Type.Record(
  Type.String(),
  Type.Union([
    FIELD_TYPE,
    Type.Object(
      { type: FIELD_TYPE, nullable: Type.Optional(Type.Boolean()), doc: Type.Optional(Type.String()) },
      { additionalProperties: false },
    ),
  ]),
);
const COUNT = Type.Integer({ minimum: 1, maximum: 100_000 });
const LIMITS = Type.Object(
  {
    concurrency: Type.Optional(COUNT),
    queue: Type.Optional(COUNT),
    timeoutMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 600_000 })),
  },
  { additionalProperties: false },
);
const DEFAULT_LIMITS = { concurrency: 16, queue: 1_000, timeoutMs: 1_000 };
/** Fields of every answer, and of every request, that are not the function's to name. */
const OWN_FIELDS = ["id", "model_name", "model_version", "variant", "explanation"];

/** Checks what a definition says of its function. Throws `kernel/invalid` and `serving/wrong-function`. */
export function functionData(options: FunctionOptions<Fields, Fields>): FunctionData {
  const { name, request, response, timestamp, features = [], asks = [], limits = {} } = options;
  const what = (part: string) => ({ what: `the ${part} of ${name}` });
  parse(FIELDS, request, what("request"));
  parse(FIELDS, response, what("response"));
  parse(LIMITS, limits, what("limits"));
  const taken = OWN_FIELDS.find((field) => Object.hasOwn(response, field));
  if (taken !== undefined) throw wrongFunction(`${name} answers with the field ${taken}, which every answer has`);
  if (Object.keys(response).length === 0) throw wrongFunction(`${name} answers with no field`);
  if (timestamp !== undefined && !Object.hasOwn(request, timestamp))
    throw wrongFunction(`${name} has no field ${timestamp} that says when it is asked`);
  return {
    request: columnsOf(request),
    response: columnsOf(response),
    ...(timestamp === undefined ? {} : { timestamp }),
    features,
    asks,
    limits: { ...DEFAULT_LIMITS, ...limits },
  };
}

function columnsOf(fields: Fields): readonly Column[] {
  return Object.entries(fields).map(([name, field]) => {
    const { type, nullable = false, doc } = typeof field === "string" ? { type: field } : field;
    return { name, type, nullable, ...(doc === undefined ? {} : { doc }) };
  });
}

function wrongFunction(because: string): Error {
  return servingErrors.create("serving/wrong-function", { because });
}
