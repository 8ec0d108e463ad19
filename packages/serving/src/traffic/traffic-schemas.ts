import { Type } from "@millwright/kernel";

export const WeightsSchema = Type.Record(Type.String(), Type.Number(), {
  description: "Percent by variant: an alias of the model, or a version's number.",
});

const NumberOrNull = Type.Union([Type.Number(), Type.Null()]);
const MeasuredSchema = Type.Object({
  requests: Type.Integer(),
  errorRate: NumberOrNull,
  latencyP99Ms: NumberOrNull,
});

const LabelledSchema = Type.Object({
  labels: Type.Integer(),
  value: NumberOrNull,
  standardError: Type.Optional(Type.Union([Type.Number(), Type.Null()], { description: "Of the value." })),
});
const LabelNumbersSchema = Type.Object({
  metric: Type.String(),
  primary: LabelledSchema,
  variant: LabelledSchema,
});
const LabelRulesSchema = Type.Object(
  {
    monitor: Type.String(),
    metric: Type.String(),
    worseBy: Type.Number(),
    labelsMin: Type.Integer(),
    confidence: Type.Number(),
  },
  { description: "What labels that arrive later must tell before it is promoted." },
);

const RolloutSchema = Type.Object(
  {
    variant: Type.String(),
    steps: Type.Array(Type.Number(), { description: "Percent at each step." }),
    everyMs: Type.Number({ description: "How long a step takes at least." }),
    requestsMin: Type.Integer(),
    gates: Type.Object({ errorRate: Type.Number(), latencyP99: Type.Number(), drift: Type.Number() }),
    progressDeadlineMs: Type.Number({
      description: "How long it may take from its first step on: then it is rolled back.",
    }),
    labels: Type.Union([LabelRulesSchema, Type.Null()]),
    phase: Type.Union([
      Type.Literal("waiting"),
      Type.Literal("progressing"),
      Type.Literal("promoted"),
      Type.Literal("rolled-back"),
      Type.Literal("taken-over"),
    ]),
    step: Type.Integer({ description: "The place among the steps, from 0 on." }),
    version: Type.Union([Type.Integer(), Type.Null()]),
    stepSinceMs: NumberOrNull,
    reason: Type.String(),
    numbers: Type.Union([
      Type.Object({
        primary: MeasuredSchema,
        variant: MeasuredSchema,
        drift: NumberOrNull,
        labels: Type.Union([LabelNumbersSchema, Type.Null()], { description: "Since the rollout began." }),
      }),
      Type.Null(),
    ]),
  },
  { title: "Rollout" },
);

export const CountsSchema = Type.Object(
  {
    variants: Type.Array(
      Type.Object({
        variant: Type.String(),
        version: Type.Integer(),
        answered: Type.Integer(),
        failed: Type.Integer(),
        latencyP50Ms: NumberOrNull,
        latencyP99Ms: NumberOrNull,
      }),
    ),
    shadows: Type.Array(
      Type.Object({
        variant: Type.String(),
        version: Type.Integer(),
        answered: Type.Integer(),
        failed: Type.Integer(),
        dropped: Type.Integer(),
        agreed: Type.Integer(),
        disagreed: Type.Integer(),
      }),
    ),
  },
  { title: "VariantCounts", description: "Since the serving process began." },
);

export const TrafficSchema = Type.Object(
  {
    service: Type.String(),
    primary: Type.String({ description: "The alias that the service is defined with; it takes what is left." }),
    variants: Type.Array(
      Type.Object({
        name: Type.String(),
        weight: Type.Number({ description: "Percent that was asked for." }),
        share: Type.Number({
          description: "Percent that it gets: nothing while it means no version, or the primary's own.",
        }),
        version: Type.Union([Type.Integer(), Type.Null()]),
      }),
    ),
    stickyBy: Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()], {
      description: "The field, parameter or header whose value a caller's variant goes by; null: each request's id.",
    }),
    experiment: Type.Union([Type.String(), Type.Null()]),
    shadow: Type.Union([Type.Object({ variant: Type.String(), percent: Type.Number() }), Type.Null()], {
      description: "The variant that is asked a copy, and of how much.",
    }),
    rollout: Type.Union([RolloutSchema, Type.Null()]),
  },
  { title: "Traffic" },
);

export const DecisionSchema = Type.Object(
  {
    id: Type.String(),
    service: Type.String(),
    kind: Type.Union([
      Type.Literal("defined"),
      Type.Literal("set"),
      Type.Literal("begin"),
      Type.Literal("step"),
      Type.Literal("promote"),
      Type.Literal("rollback"),
    ]),
    by: Type.String(),
    reason: Type.String(),
    weights: WeightsSchema,
    previousWeights: WeightsSchema,
    versions: Type.Record(Type.String(), Type.Integer(), { description: "The version of each variant then." }),
    numbers: Type.Record(Type.String(), Type.Unknown(), { description: "What was measured, where something was." }),
    decidedAtMs: Type.Number(),
  },
  { title: "TrafficDecision" },
);

export const NameParameter = Type.Object({ name: Type.String({ minLength: 1 }) });
export const ChangeFields = {
  by: Type.String({ default: "api", minLength: 1, maxLength: 200, description: "Who changes it." }),
  reason: Type.String({ minLength: 1, maxLength: 1_000 }),
};
