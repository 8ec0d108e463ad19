import { route, type Route } from "@millwright/platform";
import Type from "typebox";
import type { Tracking } from "./tracking.ts";

const VersionSchema = Type.Object(
  {
    model: Type.String(),
    version: Type.Integer(),
    runId: Type.String(),
    artifactPath: Type.String(),
    details: Type.Record(Type.String(), Type.Unknown(), {
      description: "What its trainer recorded: metrics, gates, importance, calibration, signature, parameters.",
    }),
    createdAtMs: Type.Number(),
    aliases: Type.Array(Type.String()),
  },
  { title: "ModelVersion" },
);

const ModelSchema = Type.Object(
  {
    name: Type.String(),
    versions: Type.Integer(),
    champion: Type.Union([VersionSchema, Type.Null()]),
  },
  { title: "Model" },
);

const RunSchema = Type.Object(
  {
    id: Type.String(),
    experiment: Type.String(),
    status: Type.Union([Type.Literal("running"), Type.Literal("finished"), Type.Literal("failed")]),
    parameters: Type.Record(Type.String(), Type.Unknown()),
    tags: Type.Record(Type.String(), Type.String()),
    artifactPath: Type.String(),
    startedAtMs: Type.Number(),
    endedAtMs: Type.Union([Type.Number(), Type.Null()]),
  },
  { title: "ExperimentRun" },
);

/** Experiments and the model registry over HTTP. */
export function trackingRoutes(open: () => Tracking): readonly Route[] {
  return [
    route({
      id: "listModels",
      path: "/api/v1/models",
      summary: "The registered models, each with its champion.",
      response: Type.Array(ModelSchema),
      handler: async () => {
        const names = await open().models();
        return Promise.all(
          names.map(async (name) => ({
            name,
            versions: (await open().versions(name)).length,
            champion: (await open().byAlias(name, "champion")) ?? null,
          })),
        );
      },
    }),
    route({
      id: "listModelVersions",
      path: "/api/v1/models/:name",
      summary: "A model's versions, newest first.",
      params: Type.Object({ name: Type.String({ minLength: 1 }) }),
      response: Type.Array(VersionSchema),
      handler: ({ params: { name } }) => open().versions(name),
    }),
    route({
      id: "listExperimentRuns",
      path: "/api/v1/experiment-runs",
      summary: "The training runs, newest first.",
      query: Type.Object({
        experiment: Type.Optional(Type.String()),
        limit: Type.Integer({ default: 100, minimum: 1, maximum: 1_000 }),
      }),
      response: Type.Array(RunSchema),
      handler: ({ query: { experiment, limit } }) => open().runs(experiment, { limit }),
    }),
  ];
}
