import { Type } from "@millwright/kernel";
import { byteStream, platformErrors, route, type Route } from "@millwright/platform";
import { limitsOf, type QueryLimits } from "./domain/query-limits.ts";
import type { Lakehouse } from "./lakehouse.ts";
import type { ResultFormat } from "./ports.ts";
import { ResultSchema, ScanSchema } from "./result-schemas.ts";
import type { RunningQueries } from "./sql/running-queries.ts";

const PARAMETERS_MAX = 10_000;
const JSON_ROWS_DEFAULT = 1_000;
const MAIN = "main";

/** The media type of each format: what `Accept` asks for, and what is answered. */
const MEDIA_TYPES: Readonly<Record<ResultFormat, string>> = {
  json: "application/json",
  jsonl: "application/x-ndjson",
  csv: "text/csv",
  arrow: "application/vnd.apache.arrow.stream",
  parquet: "application/vnd.apache.parquet",
};
const FORMATS = ["json", "jsonl", "csv", "arrow", "parquet"] as const;

const Plain = [Type.Null(), Type.Boolean(), Type.Number(), Type.String()] as const;

const ParameterSchema = Type.Union(
  [
    ...Plain,
    Type.Object(
      { type: Type.String({ description: "An Iceberg type: date, decimal(9,2)." }), value: Type.Union([...Plain]) },
      { additionalProperties: false, title: "TypedParameter" },
    ),
  ],
  { description: "A whole number is a long; a text takes the type of what it stands beside." },
);

const ParametersSchema = Type.Optional(
  Type.Union(
    [
      Type.Array(ParameterSchema, { maxItems: PARAMETERS_MAX }),
      Type.Record(Type.String(), ParameterSchema, { maxProperties: PARAMETERS_MAX }),
    ],
    {
      description:
        "Values for $1, $2 or each ? in their order, or for $name by name. They never become part of the text.",
    },
  ),
);

const LimitsSchema = Type.Object(
  {
    timeoutMs: Type.Optional(Type.Integer({ minimum: 1 })),
    rows: Type.Optional(Type.Integer({ minimum: 1, description: "A result of more fails." })),
    memoryMb: Type.Optional(Type.Integer({ minimum: 64, description: "The statement then has an engine to itself." })),
    threads: Type.Optional(Type.Integer({ minimum: 1, description: "The statement then has an engine to itself." })),
  },
  { additionalProperties: false, description: "Within the project's own limits." },
);

const QueryIdSchema = Type.String({ pattern: "^[A-Za-z0-9_-]{1,64}$" });

const RunningSchema = Type.Object(
  { id: QueryIdSchema, sql: Type.String(), branch: Type.String(), startedAtMs: Type.Number() },
  { title: "RunningQuery" },
);

const Sql = Type.String({ minLength: 1, maxLength: 1_000_000 });
const BranchSchema = Type.Optional(
  Type.String({ minLength: 1, maxLength: 64, description: "As it is on a branch, rather than on main." }),
);

/** What statements are answered with. */
export interface SqlPlaces {
  open(branch?: string): Promise<Lakehouse>;
  readonly running: RunningQueries;
  /** The most that a statement may take, and what the standing engine has. */
  readonly limits: QueryLimits;
  readonly engine: Pick<QueryLimits, "memoryMb" | "threads">;
}

/** SQL over HTTP. The lakehouse is opened when it is first asked. */
export function sqlRoutes(places: () => SqlPlaces): readonly Route[] {
  return [
    route({
      id: "query",
      path: "/api/v1/sql",
      summary: "Ask the tables in SQL, or change their rows. The header x-mill-query-id tells the statement's id.",
      body: Type.Object({
        sql: Sql,
        parameters: ParametersSchema,
        format: Type.Optional(
          Type.Union(
            FORMATS.map((one) => Type.Literal(one)),
            { description: "How the rows are told; unless given, what Accept asks for, else json." },
          ),
        ),
        maxRows: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: Number.MAX_SAFE_INTEGER,
            description: "At most so many rows: of json 1,000 unless told, else all.",
          }),
        ),
        queryId: Type.Optional(QueryIdSchema),
        limits: Type.Optional(LimitsSchema),
        branch: BranchSchema,
      }),
      response: ResultSchema,
      alsoAnswers: FORMATS.filter((one) => one !== "json").map((one) => MEDIA_TYPES[one]),
      handler: async ({ body, accept, signal }) => {
        const { sql, parameters, branch, queryId } = body;
        const format = body.format ?? formatOf(accept);
        const own = places();
        const { running, limits: most, engine: standing } = own;
        const { timeoutMs, rows: rowsLimit, engine } = limitsOf(most, body.limits ?? {}, standing);
        const begun = running.begin({ id: queryId, sql, branch: branch ?? MAIN, gone: signal, timeoutMs });
        try {
          const lakehouse = await own.open(branch);
          const maxRows = body.maxRows ?? (format === "json" ? JSON_ROWS_DEFAULT : undefined);
          const options = { format, parameters, maxRows, rowsLimit, engine, signal: begun.signal };
          return byteStream({
            contentType: MEDIA_TYPES[format],
            headers: { "x-mill-query-id": begun.id },
            parts: begun.during(lakehouse.readBytes(sql, options)),
            signal: begun.signal,
          });
        } catch (error) {
          begun.end();
          throw error;
        }
      },
    }),
    route({
      id: "explainQuery",
      path: "/api/v1/sql/explain",
      summary: "Which files of the tables a question would open, without asking it.",
      body: Type.Object({ sql: Sql, parameters: ParametersSchema, branch: BranchSchema }),
      response: Type.Object({ scans: Type.Array(ScanSchema) }, { title: "QueryPlan" }),
      handler: async ({ body: { sql, parameters, branch } }) => ({
        scans: await (await places().open(branch)).explain(sql, { parameters }),
      }),
    }),
    route({
      id: "listQueries",
      path: "/api/v1/sql",
      summary: "The statements that are under way, the oldest first.",
      response: Type.Array(RunningSchema),
      handler: () => places().running.list(),
    }),
    route({
      id: "cancelQuery",
      method: "DELETE",
      path: "/api/v1/sql/:queryId",
      summary: "Cancel a statement: it fails, and changes nothing.",
      params: Type.Object({ queryId: QueryIdSchema }),
      response: RunningSchema,
      handler: ({ params: { queryId } }) => places().running.cancel(queryId),
    }),
  ];
}

/** The first of the media types that there is, by their weights. Throws `platform/bad-request` when there is none. */
function formatOf(accept: string | undefined): ResultFormat {
  if (accept === undefined || accept.trim() === "") return "json";
  const asked = accept.split(",").map((one, place) => {
    const [type = "", ...parameters] = one.trim().toLowerCase().split(";");
    const weight = parameters.map((text) => /^\s*q=([\d.]+)\s*$/.exec(text)?.[1]).find((found) => found !== undefined);
    return { type: type.trim(), weight: weight === undefined ? 1 : Number(weight), place };
  });
  for (const { type, weight } of asked.toSorted((a, b) => b.weight - a.weight || a.place - b.place)) {
    const format = FORMATS.find((one) => matches(type, MEDIA_TYPES[one]));
    if (format !== undefined && weight > 0) return format;
  }
  throw platformErrors.create("platform/bad-request", {
    because: `of the media types in Accept none is answered: ${accept.slice(0, 200)}`,
    remedy: `Accept one of ${Object.values(MEDIA_TYPES).join(", ")}.`,
  });
}

function matches(asked: string, type: string): boolean {
  return asked === type || asked === "*/*" || (asked.endsWith("/*") && type.startsWith(asked.slice(0, -1)));
}
