import { route, type Route } from "@millwright/platform";
import Type from "typebox";
import { answerHistory, writeHistory, type HistoryPorts, type HistoryQuestion } from "./history/answer-history.ts";

const ROWS_MAX = 1_000_000;

const ColumnSchema = Type.Object({ name: Type.String(), type: Type.String() });

const QuestionFields = {
  features: Type.Array(Type.String({ minLength: 1, maxLength: 500 }), {
    minItems: 1,
    maxItems: 10_000,
    description: "Each as `view:feature`; a view's name alone means all of its features.",
  }),
  timestamp: Type.Optional(
    Type.String({
      description: "The frame's column of times; `event_timestamp`, or its one column of times, if absent.",
    }),
  ),
  fullNames: Type.Optional(Type.Boolean({ description: "Call each feature `view__feature`." })),
  withInputs: Type.Optional(Type.Boolean({ description: "Also the stored features that on-demand ones rest on." })),
  laterCreated: Type.Optional(
    Type.Boolean({
      description: "Also rows that were written down after the time asked about, as Feast does by default.",
    }),
  ),
};

const FILE_PATTERN = "^[A-Za-z0-9-]+\\.(csv|json|jsonl|parquet)$";

/** Features over HTTP: what there is, and what was known when. */
export function featureRoutes(open: () => HistoryPorts): readonly Route[] {
  return [
    route({
      id: "featureHistory",
      path: "/api/v1/features/history",
      summary: "Each row of a frame with its features as they were known at the row's time.",
      body: Type.Object({
        ...QuestionFields,
        entities: Type.Union(
          [Type.Array(Type.Record(Type.String(), Type.Unknown())), Type.String({ pattern: FILE_PATTERN })],
          { description: "The frame: its rows, or the name of a file in .mill/scratch/exchange." },
        ),
        into: Type.Optional(
          Type.Union([Type.Literal("csv"), Type.Literal("jsonl"), Type.Literal("parquet")], {
            description: "Answer with a new file in .mill/scratch/exchange, whatever its size, in place of rows.",
          }),
        ),
        maxRows: Type.Optional(Type.Integer({ minimum: 1, maximum: ROWS_MAX })),
      }),
      response: Type.Object(
        {
          columns: Type.Array(ColumnSchema),
          rows: Type.Array(Type.Array(Type.Unknown()), {
            description: "In the frame's order. Times as ISO 8601 in UTC, infinities and integers beyond 2^53 as text.",
          }),
          rowCount: Type.Integer(),
          truncated: Type.Boolean({ description: "There were more rows than were asked for." }),
          file: Type.Union([Type.String(), Type.Null()]),
        },
        { title: "FeatureHistory" },
      ),
      handler: ({ body: { entities, into, maxRows = ROWS_MAX, ...question } }) => {
        const asked = questionOf(question, entities);
        return into === undefined
          ? answerHistory(open(), asked, { maxRows })
          : writeHistory(open(), asked, { format: into });
      },
    }),
  ];
}

/** The fields of a body that were given. */
function questionOf(
  fields: { readonly [Key in keyof Omit<HistoryQuestion, "entities">]: HistoryQuestion[Key] | undefined },
  entities: HistoryQuestion["entities"],
): HistoryQuestion {
  const { features = [], timestamp, fullNames, withInputs, laterCreated } = fields;
  return {
    entities,
    features,
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(fullNames === undefined ? {} : { fullNames }),
    ...(withInputs === undefined ? {} : { withInputs }),
    ...(laterCreated === undefined ? {} : { laterCreated }),
  };
}
