import { Type } from "@millwright/kernel";

export const RemarkSchema = Type.Object({
  level: Type.Union([Type.Literal("error"), Type.Literal("warning")]),
  of: Type.String({ description: "The document's kind and name." }),
  path: Type.String({ description: "The field." }),
  line: Type.Integer(),
  because: Type.String(),
});

const StateFields = {
  state: Type.Union(
    [Type.Literal("READY"), Type.Literal("UNAVAILABLE"), Type.Literal("LOADING"), Type.Literal("NOT UP")],
    { description: "`NOT UP`: it is served once the project is." },
  ),
  reason: Type.String(),
};

const ModelFields = {
  name: Type.String({ description: "By which it is asked by itself." }),
  ...StateFields,
};

const RevisionsSchema = Type.Array(
  Type.Object({
    revision: Type.Union([Type.Literal("rolled-out"), Type.Literal("canary"), Type.Literal("latest-created")], {
      description: "`latest-created` could not be loaded: what is rolled out goes on.",
    }),
    percent: Type.Integer({
      description: "Of the requests. Those of a canary that is not ready go to the one that is rolled out.",
    }),
    storageUri: Type.String(),
    ...ModelFields,
    models: Type.Array(Type.Object(ModelFields), { description: "Of a repository of models: those in it." }),
  }),
  { description: "The models that share its requests, the one that is rolled out first; none of what has no model." },
);

export const StatusFields = {
  ...StateFields,
  revisions: RevisionsSchema,
  conditions: Type.Array(
    Type.Object({
      type: Type.Union([
        Type.Literal("Ready"),
        Type.Literal("PredictorReady"),
        Type.Literal("RoutesReady"),
        Type.Literal("LatestDeploymentReady"),
      ]),
      status: Type.Union([Type.Literal("True"), Type.Literal("False"), Type.Literal("Unknown")]),
      reason: Type.String(),
      message: Type.String(),
    }),
    { description: "As of KServe's status; none of what has no model." },
  ),
  transitionStatus: Type.Union(
    [
      Type.Literal("UpToDate"),
      Type.Literal("InProgress"),
      Type.Literal("BlockedByFailedLoad"),
      Type.Literal("InvalidSpec"),
      Type.Null(),
    ],
    { description: "As of KServe's `modelStatus`." },
  ),
};

export const AppliedSchema = Type.Object(
  {
    kind: Type.String(),
    name: Type.String(),
    storageUri: Type.Union([Type.String(), Type.Null()]),
    source: Type.Union([Type.Literal("applied"), Type.Literal("defined")]),
    url: Type.Union([Type.String(), Type.Null()]),
    ...StatusFields,
  },
  { title: "AppliedService" },
);

const StepSchema = Type.Object({
  name: Type.String(),
  to: Type.Union([Type.Literal("node"), Type.Literal("model"), Type.Literal("address")]),
  target: Type.String(),
  weight: Type.Optional(Type.Number()),
  condition: Type.Optional(Type.String()),
  data: Type.Optional(Type.String()),
  dependency: Type.Union([Type.Literal("Soft"), Type.Literal("Hard")]),
  requests: Type.Integer(),
  failures: Type.Integer(),
  skipped: Type.Integer({ description: "Requests whose condition sent them another way." }),
  seconds: Type.Number({ description: "Time of all its requests together." }),
});

export const GraphSchema = Type.Object(
  {
    name: Type.String(),
    ...StateFields,
    nodes: Type.Record(Type.String(), Type.Object({ routerType: Type.String(), steps: Type.Array(StepSchema) }), {
      description: "By their names; a request begins at `root`.",
    }),
  },
  { title: "InferenceGraph" },
);
