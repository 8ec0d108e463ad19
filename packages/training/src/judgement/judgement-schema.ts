import { Type } from "@millwright/kernel";

const MetricsSchema = Type.Record(Type.String(), Type.Number(), {
  description: "By name; one that the rows do not give, such as the AUC of rows of one label, is not there.",
});

// Counts of rows: where rows have weights, what they count together.
const CutFields = {
  threshold: Type.Number(),
  truePositives: Type.Number(),
  falsePositives: Type.Number(),
};

const BinaryPlots = Type.Object(
  {
    kind: Type.Literal("binary"),
    curves: Type.Object({
      positives: Type.Number(),
      negatives: Type.Number(),
      cuts: Type.Array(Type.Object(CutFields), {
        description: "What a probability of at least the threshold being called positive comes to, from none to all.",
      }),
    }),
    chosen: Type.Object(CutFields, { description: "At the chosen threshold." }),
    calibration: Type.Array(
      Type.Object({
        from: Type.Number(),
        to: Type.Number(),
        rows: Type.Number(),
        meanProbability: Type.Number(),
        observedRate: Type.Number(),
      }),
    ),
    scores: Type.Array(
      Type.Object({
        from: Type.Number(),
        to: Type.Number(),
        positives: Type.Number(),
        negatives: Type.Number(),
      }),
    ),
  },
  { title: "BinaryPlots" },
);

const NumberPlots = Type.Object(
  {
    kind: Type.Literal("squared"),
    residuals: Type.Array(Type.Object({ from: Type.Number(), to: Type.Number(), rows: Type.Number() }), {
      description: "Prediction less actual.",
    }),
    fitted: Type.Array(Type.Object({ rows: Type.Number(), predicted: Type.Number(), actual: Type.Number() })),
  },
  { title: "NumberPlots" },
);

const Rate = Type.Union([Type.Number(), Type.Null()]);

const ClassPlots = Type.Object(
  {
    kind: Type.Literal("softmax"),
    rates: Type.Array(
      Type.Object({
        name: Type.String(),
        rows: Type.Number(),
        called: Type.Number(),
        precision: Rate,
        recall: Rate,
        f1: Rate,
      }),
    ),
    confusion: Type.Array(Type.Array(Type.Number()), {
      description: "For each class its rows by the class that was called.",
    }),
  },
  { title: "ClassPlots" },
);

const PartSchema = Type.Object(
  { metrics: MetricsSchema, plots: Type.Union([BinaryPlots, NumberPlots, ClassPlots]) },
  { title: "PartJudgement" },
);

/** What the API answers of a version's judgement, and what its file must be. */
export const JudgementSchema = Type.Object(
  {
    objective: Type.Union([Type.Literal("binary"), Type.Literal("squared"), Type.Literal("softmax")]),
    metric: Type.String({ description: "By which the version is told in a word." }),
    threshold: Type.Union([Type.Number(), Type.Null()], {
      description: "From which probability on a row is called positive.",
    }),
    validation: PartSchema,
    test: PartSchema,
    baselines: Type.Array(Type.Object({ name: Type.String(), title: Type.String(), metrics: MetricsSchema }), {
      description: "On the same test rows.",
    }),
    slices: Type.Array(
      Type.Object({
        column: Type.String(),
        values: Type.Array(Type.Object({ value: Type.String(), metrics: MetricsSchema })),
      }),
    ),
    learning: Type.Object(
      {
        loss: Type.String(),
        rows: Type.Integer(),
        points: Type.Array(Type.Object({ trees: Type.Integer(), train: Type.Number(), validation: Type.Number() })),
      },
      { description: "The loss after so many trees, on a sample of the rows." },
    ),
    contributions: Type.Optional(
      Type.Array(Type.Object({ feature: Type.String(), mean: Type.Number() }), {
        description: "How much each feature adds or takes, before the link, on average over some of the test rows.",
      }),
    ),
  },
  { title: "Judgement" },
);
