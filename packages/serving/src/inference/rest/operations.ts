import { EXTENSIONS, type InferenceServer } from "../inference-server.ts";
import { parametersOf } from "../parameters.ts";
import type { ServedModel } from "../served-model.ts";
import { badRequest, type TensorSpec } from "../tensor.ts";

/** An operation of the REST protocol besides inference: JSON in, JSON out. */
export interface Operation {
  readonly id: string;
  readonly method: "GET" | "POST";
  /** With `{name}` for each parameter. */
  readonly path: string;
  readonly summary: string;
  answer(server: InferenceServer, asked: Asked): unknown;
}

interface Asked {
  readonly path: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

function metadataOf(tensor: TensorSpec) {
  return { name: tensor.name, datatype: tensor.datatype, shape: tensor.shape };
}

export function modelMetadata({ models }: InferenceServer, served: ServedModel) {
  const { name, model } = served;
  return {
    name,
    versions: models.versions(name).map(({ version }) => version),
    platform: model.platform,
    inputs: model.inputs.map(metadataOf),
    outputs: model.outputs.map(metadataOf),
  };
}

export function statisticsOf(server: InferenceServer, name?: string, version?: string) {
  const served =
    name === undefined || name === ""
      ? server.models.served()
      : version === undefined || version === ""
        ? server.models.versions(name)
        : [server.models.find(name, version)];
  return { model_stats: served.map((one) => ({ name: one.name, version: one.version, ...one.statistics.report() })) };
}

/** The index, of the models that are ready alone when that is asked. */
export async function repositoryIndex({ models }: InferenceServer, ready: boolean) {
  const entries = await models.index();
  return ready ? entries.filter(({ state }) => state === "READY") : entries;
}

const found = (server: InferenceServer, { path: { name = "", version } }: Asked) => server.models.find(name, version);

function forModel(
  told: Pick<Operation, "id" | "method" | "summary" | "answer"> & { readonly tail: string },
): readonly Operation[] {
  const { tail, ...operation } = told;
  return [
    { ...operation, path: `/v2/models/{name}${tail}` },
    { ...operation, id: `${operation.id}OfVersion`, path: `/v2/models/{name}/versions/{version}${tail}` },
  ];
}

/** Every operation but inference, in the order in which OpenAPI tells them. */
export const operations: readonly Operation[] = [
  {
    id: "serverMetadata",
    method: "GET",
    path: "/v2",
    summary: "The server and the extensions that it speaks.",
    answer: ({ name, version }) => ({ name, version, extensions: EXTENSIONS }),
  },
  {
    id: "serverLive",
    method: "GET",
    path: "/v2/health/live",
    summary: "Whether the server answers.",
    answer: () => ({ live: true }),
  },
  {
    id: "serverReady",
    method: "GET",
    path: "/v2/health/ready",
    summary: "Whether the server may be sent work.",
    answer: () => ({ ready: true }),
  },
  ...forModel({
    id: "modelMetadata",
    method: "GET",
    tail: "",
    summary: "A model's versions, inputs and outputs.",
    answer: (server, asked) => modelMetadata(server, found(server, asked)),
  }),
  ...forModel({
    id: "modelReady",
    method: "GET",
    tail: "/ready",
    summary: "Whether a model answers.",
    answer: (server, asked) => ({ name: found(server, asked).name, ready: true }),
  }),
  ...forModel({
    id: "modelConfig",
    method: "GET",
    tail: "/config",
    summary: "A model's configuration.",
    answer: (server, asked) => found(server, asked).config,
  }),
  ...forModel({
    id: "modelStatistics",
    method: "GET",
    tail: "/stats",
    summary: "What a model has answered since it was loaded.",
    answer: (server, { path: { name, version } }) => statisticsOf(server, name, version),
  }),
  {
    id: "statistics",
    method: "GET",
    path: "/v2/models/stats",
    summary: "What every model has answered.",
    answer: (server) => statisticsOf(server),
  },
  {
    id: "repositoryIndex",
    method: "POST",
    path: "/v2/repository/index",
    summary: "The models of the folder, each with its state.",
    answer: (server, { body }) => repositoryIndex(server, body["ready"] === true),
  },
  {
    id: "loadModel",
    method: "POST",
    path: "/v2/repository/models/{name}/load",
    summary: "Load or reload a model; the version before answers until it is loaded.",
    answer: async (server, { path: { name = "" }, body }) => {
      await server.models.load(name, { config: configIn(body) });
      return {};
    },
  },
  {
    id: "unloadModel",
    method: "POST",
    path: "/v2/repository/models/{name}/unload",
    summary: "Unload a model; what it has begun ends.",
    answer: async (server, { path: { name = "" } }) => {
      await server.models.unload(name);
      return {};
    },
  },
  ...["", "/region/{region}"].flatMap((tail): readonly Operation[] => [
    {
      id: `sharedMemoryStatus${tail === "" ? "" : "OfRegion"}`,
      method: "GET",
      path: `/v2/systemsharedmemory${tail}/status`,
      summary: "The regions of shared memory that are registered.",
      answer: ({ memory }, { path: { region } }) => memory.status(region),
    },
    {
      id: `unregisterSharedMemory${tail === "" ? "" : "Region"}`,
      method: "POST",
      path: `/v2/systemsharedmemory${tail}/unregister`,
      summary: "Let go of regions.",
      answer: ({ memory }, { path: { region } }) => {
        memory.unregister(region);
        return {};
      },
    },
  ]),
  {
    id: "registerSharedMemory",
    method: "POST",
    path: "/v2/systemsharedmemory/region/{region}/register",
    summary: "Register a part of a segment of /dev/shm.",
    answer: ({ memory }, { path: { region = "" }, body: { key, offset = 0, byte_size } }) => {
      if (typeof key !== "string") throw badRequest("`key` is no text");
      memory.register({ name: region, key, offset: Number(offset), byte_size: Number(byte_size) });
      return {};
    },
  },
  {
    id: "logSettings",
    method: "GET",
    path: "/v2/logging",
    summary: "The settings of the log.",
    answer: (server) => server.logSettings(),
  },
  {
    id: "changeLogSettings",
    method: "POST",
    path: "/v2/logging",
    summary: "Change settings of the log.",
    answer: (server, { body }) => server.logSettings(body),
  },
  {
    id: "traceSettings",
    method: "GET",
    path: "/v2/trace/setting",
    summary: "The settings of traces.",
    answer: (server) => server.traceSettings(),
  },
  {
    id: "changeTraceSettings",
    method: "POST",
    path: "/v2/trace/setting",
    summary: "Change settings of traces.",
    answer: (server, { body }) => server.traceSettings(undefined, body),
  },
  {
    id: "modelTraceSettings",
    method: "GET",
    path: "/v2/models/{name}/trace/setting",
    summary: "A model's settings of traces.",
    answer: (server, { path: { name } }) => server.traceSettings(name),
  },
  {
    id: "changeModelTraceSettings",
    method: "POST",
    path: "/v2/models/{name}/trace/setting",
    summary: "Change a model's settings of traces.",
    answer: (server, { path: { name }, body }) => server.traceSettings(name, body),
  },
];

function configIn(body: Asked["body"]): string | undefined {
  const { config } = parametersOf(body["parameters"]);
  if (config === undefined || typeof config === "string") return config;
  throw badRequest("`parameters.config` is no text");
}
