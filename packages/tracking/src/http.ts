import { Type } from "@millwright/kernel";
import { route, type Route } from "@millwright/platform";
import type { AliasChange } from "./alias-change.ts";
import { compareVersions } from "./compare-versions.ts";
import type { ModelVersion, Tracking } from "./tracking.ts";
import { versionOf } from "./version-of.ts";

const VersionSchema = Type.Object(
  {
    model: Type.String(),
    version: Type.Integer(),
    runId: Type.String(),
    artifactPath: Type.String(),
    details: Type.Record(Type.String(), Type.Unknown(), {
      description: "What its trainer recorded: metrics, baselines, gates, importance, signature, parameters.",
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

const AliasChangeFields = {
  id: Type.String(),
  model: Type.String(),
  alias: Type.String(),
  kind: Type.Union([Type.Literal("promote"), Type.Literal("rollback")]),
  version: Type.Integer(),
  previousVersion: Type.Union([Type.Integer(), Type.Null()]),
  reason: Type.String(),
  changedAtMs: Type.Number(),
};

const AliasChangeSchema = Type.Object(AliasChangeFields, { title: "AliasChange" });

const AliasMovedSchema = Type.Object(
  {
    ...AliasChangeFields,
    services: Type.Array(Type.String(), { description: "The deployed services that answer with it from now on." }),
  },
  { title: "AliasMoved" },
);

const ComparisonSchema = Type.Object(
  {
    model: Type.String(),
    version: Type.Integer(),
    with: Type.Integer(),
    metrics: Type.Array(
      Type.Object({
        part: Type.String(),
        metric: Type.String(),
        value: Type.Number(),
        other: Type.Number(),
        difference: Type.Number(),
      }),
    ),
    parameters: Type.Array(
      Type.Object({
        name: Type.String(),
        value: Type.Union([Type.String(), Type.Null()]),
        other: Type.Union([Type.String(), Type.Null()]),
      }),
      { description: "Those that are not the same, as JSON." },
    ),
    featuresAdded: Type.Array(Type.String()),
    featuresRemoved: Type.Array(Type.String()),
  },
  { title: "VersionComparison" },
);

const ModelName = Type.Object({ name: Type.String({ minLength: 1 }) });
const Alias = Type.String({ default: "champion", pattern: "^[a-z][a-z0-9_-]{0,63}$" });
const Reason = Type.String({ minLength: 1, maxLength: 1_000 });

/** Brings a version to the services that an alias is deployed to; answers their names. */
export type Deploy = (version: ModelVersion, alias: string) => Promise<readonly string[]>;

/** Experiments and the model registry over HTTP. */
export function trackingRoutes(open: () => Tracking, deploy: Deploy): readonly Route[] {
  return [
    ...aliasRoutes(open, deploy),
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

function aliasRoutes(open: () => Tracking, deploy: Deploy): readonly Route[] {
  const moved = async (change: AliasChange) => {
    const version = await versionOf(open(), { name: change.model, version: change.version });
    return { ...change, services: await deploy(version, change.alias) };
  };
  return [
    route({
      id: "promoteModel",
      method: "POST",
      path: "/api/v1/models/:name/promote",
      summary: "Makes an alias mean a version; its services answer with it from now on.",
      params: ModelName,
      body: Type.Object({ version: Type.Integer({ minimum: 1 }), alias: Alias, reason: Reason }),
      response: AliasMovedSchema,
      handler: async ({ params: { name }, body: { version, alias, reason } }) =>
        moved(await open().promote({ model: name, version, alias, reason })),
    }),
    route({
      id: "rollbackModel",
      method: "POST",
      path: "/api/v1/models/:name/rollback",
      summary: "Makes an alias mean an earlier version again: the one before, or the one that is named.",
      params: ModelName,
      body: Type.Object({ version: Type.Optional(Type.Integer({ minimum: 1 })), alias: Alias, reason: Reason }),
      response: AliasMovedSchema,
      handler: async ({ params: { name }, body: { version, alias, reason } }) =>
        moved(await open().rollback({ model: name, version, alias, reason })),
    }),
    route({
      id: "listAliasChanges",
      path: "/api/v1/models/:name/changes",
      summary: "Which version each alias meant, since when and why, newest first.",
      params: ModelName,
      response: Type.Array(AliasChangeSchema),
      handler: ({ params: { name } }) => open().aliasChanges(name),
    }),
    route({
      id: "compareModelVersions",
      path: "/api/v1/models/:name/compare",
      summary: "What differs between two versions; unless told, the newest and the champion, or the one before.",
      params: ModelName,
      query: Type.Object({
        version: Type.Optional(Type.Integer({ minimum: 1 })),
        with: Type.Optional(Type.Integer({ minimum: 1 })),
      }),
      response: ComparisonSchema,
      handler: async ({ params: { name }, query }) => {
        const versions = await open().versions(name);
        const one = await versionOf(open(), { name, version: query.version ?? versions[0]?.version ?? 0 });
        const champion = versions.find(({ aliases }) => aliases.includes("champion"));
        const usual =
          champion?.version === one.version ? versions.find(({ version }) => version < one.version) : champion;
        return compareVersions(
          one,
          await versionOf(open(), { name, version: query.with ?? usual?.version ?? one.version }),
        );
      },
    }),
  ];
}
