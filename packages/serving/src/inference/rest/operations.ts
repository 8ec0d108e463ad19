import { isMillError } from "@millwright/kernel";
import type { Refusal } from "../../openapi/document.ts";
import { ALIVE, LIVE, MODEL_METADATA, MODEL_READY, READY, SERVER_METADATA } from "../../openapi/schemas.ts";
import {
  askedAll,
  logEverywhere,
  registerEverywhere,
  requireAll,
  traceEverywhere,
  traceOfModel,
  unregisterEverywhere,
  wholeIndex,
} from "../../shards/whole-server.ts";
import { explanationWay } from "../../explain/explanation-way.ts";
import { inferenceErrors } from "../errors.ts";
import { EXTENSIONS, type InferenceServer } from "../inference-server.ts";
import { givenInBody } from "../given-models.ts";
import { flag, wholeNumber } from "../parameters.ts";
import type { ServedModel } from "../served-model.ts";
import { badRequest, quoted, type TensorSpec } from "../tensor.ts";
import { schemas } from "./operation-schemas.ts";

/** An operation of the REST protocol besides inference: JSON in, JSON out. */
export interface Operation {
  readonly id: string;
  readonly method: "GET" | "POST";
  /** With `{name}` for each parameter. */
  readonly path: string;
  readonly summary: string;
  /** The schema of its body. */
  readonly body?: object;
  /** The schema of its answer. */
  readonly answers: object;
  readonly refusals?: readonly Refusal[];
  answer(server: InferenceServer, asked: Asked): unknown;
}

interface Asked {
  readonly path: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

function metadataOf(tensor: TensorSpec) {
  const { name, datatype, shape, features } = tensor;
  if (features === undefined) return { name, datatype, shape };
  // A parameter is one value.
  return { name, datatype, shape, parameters: { feature_names: JSON.stringify(features) } };
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

export async function statisticsOf(server: InferenceServer, name?: string, version?: string) {
  await server.copying?.lent.gather(name === "" ? undefined : name);
  const served =
    name === undefined || name === ""
      ? server.models.served()
      : version === undefined || version === ""
        ? server.models.versions(name)
        : [server.models.find(name, version)];
  const own = served.map((one) => ({ name: one.name, version: one.version, ...one.statistics.report() }));
  if (name !== undefined && name !== "") return { model_stats: own };
  return { model_stats: [...own, ...(await askedAll<typeof own>(server, "statistics")).flat()] };
}

/** The index, of the models that are ready alone when that is asked. */
export async function repositoryIndex(server: InferenceServer, ready: boolean) {
  const entries = await wholeIndex(server);
  return ready ? entries.filter(({ state }) => state === "READY") : entries;
}

/** A model that is known and not loaded is not ready; an unknown one is an error. */
export async function isModelReady({ models }: InferenceServer, name: string, version = ""): Promise<boolean> {
  try {
    return version === "" ? await models.answers(name) : (await models.obtain(name, version)).name === name;
  } catch (error) {
    if (isMillError(error) && error.code === "inference/not-ready") return false;
    throw error;
  }
}

const found = (server: InferenceServer, { path: { name = "", version } }: Asked) => server.models.obtain(name, version);

const OF_MODEL: readonly Refusal[] = [404, 409];

function forModel(told: Omit<Operation, "path" | "refusals"> & { readonly tail: string }): readonly Operation[] {
  const { tail, ...operation } = told;
  return [
    { ...operation, refusals: OF_MODEL, path: `/v2/models/{name}${tail}` },
    {
      ...operation,
      refusals: OF_MODEL,
      id: `${operation.id}OfVersion`,
      path: `/v2/models/{name}/versions/{version}${tail}`,
    },
  ];
}

/** Every operation but inference, in the order in which they are looked for and told. */
export const operations: readonly Operation[] = [
  {
    id: "aliveOfV1",
    method: "GET",
    path: "/",
    summary: "Whether the server answers, as KServe's first protocol has it.",
    answers: ALIVE,
    answer: () => ({ status: "alive" }),
  },
  {
    id: "serverMetadata",
    method: "GET",
    path: "/v2",
    summary: "The server and the extensions that it speaks.",
    answers: SERVER_METADATA,
    answer: ({ name, version }) => ({ name, version, extensions: EXTENSIONS }),
  },
  {
    id: "serverLive",
    method: "GET",
    path: "/v2/health/live",
    summary: "Whether the server answers.",
    answers: LIVE,
    answer: () => ({ live: true }),
  },
  {
    id: "serverReady",
    method: "GET",
    path: "/v2/health/ready",
    summary: "Whether the server may be sent work.",
    answers: READY,
    refusals: [503],
    answer: async (server) => {
      await requireAll(server);
      return { ready: true };
    },
  },
  // Before the models: no model is called by this name.
  {
    id: "statistics",
    method: "GET",
    path: "/v2/models/stats",
    summary: "What every model has answered.",
    answers: schemas.STATISTICS,
    answer: (server) => statisticsOf(server),
  },
  ...forModel({
    id: "modelMetadata",
    method: "GET",
    tail: "",
    summary: "A model's versions, inputs and outputs.",
    answers: MODEL_METADATA,
    answer: async (server, asked) => modelMetadata(server, await found(server, asked)),
  }),
  ...forModel({
    id: "modelReady",
    method: "GET",
    tail: "/ready",
    summary: "Whether a model answers.",
    answers: MODEL_READY,
    answer: async (server, asked) => {
      const { name = "", version } = asked.path;
      // To be asked whether it would answer is no reason to load a model.
      if (version !== undefined || !(await server.models.answers(name))) await found(server, asked);
      return { name, ready: true };
    },
  }),
  ...forModel({
    id: "modelConfig",
    method: "GET",
    tail: "/config",
    summary: "A model's configuration.",
    answers: schemas.MODEL_CONFIG,
    answer: async (server, asked) => (await found(server, asked)).config,
  }),
  ...forModel({
    id: "modelStatistics",
    method: "GET",
    tail: "/stats",
    summary: "What a model has answered since it was loaded.",
    answers: schemas.STATISTICS,
    answer: (server, { path: { name, version } }) => statisticsOf(server, name, version),
  }),
  ...forModel({
    id: "modelGraph",
    method: "GET",
    tail: "/graph",
    summary: "Of a graph of models its nodes, and what each step has been asked.",
    answers: schemas.GRAPH,
    answer: async (server, asked) => {
      const served = await found(server, asked);
      if (served.model.graph !== undefined) return { name: served.name, ...served.model.graph() };
      throw inferenceErrors.create("inference/unknown-model", {
        because: `${quoted(served.name)} is no graph of models`,
      });
    },
  }),
  ...forModel({
    id: "modelExplanation",
    method: "GET",
    tail: "/explanation",
    summary: "How a model's answers are explained: by itself, by asking it about other rows, or not.",
    answers: schemas.EXPLANATION,
    answer: async (server, asked) => {
      const served = await found(server, asked);
      return { name: served.name, ...explanationWay(served) };
    },
  }),
  {
    id: "repositoryIndex",
    method: "POST",
    path: "/v2/repository/index",
    summary: "The models of the folder, each with its state.",
    body: schemas.INDEX_ASKED,
    answers: schemas.INDEX,
    refusals: [400, 413],
    answer: (server, { body }) => repositoryIndex(server, flag(body, "ready")),
  },
  {
    id: "loadModel",
    method: "POST",
    path: "/v2/repository/models/{name}/load",
    summary: "Load or reload a model; the version before answers until it is loaded.",
    body: schemas.LOAD,
    answers: schemas.NOTHING,
    refusals: [400, 404, 409, 413, 422],
    answer: async (server, { path: { name = "" }, body }) => {
      await server.models.load(name, givenInBody(body));
      return {};
    },
  },
  {
    id: "unloadModel",
    method: "POST",
    path: "/v2/repository/models/{name}/unload",
    summary: "Unload a model; what it has begun ends.",
    body: schemas.ANYTHING,
    answers: schemas.NOTHING,
    refusals: [400, 404, 409, 413],
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
      answers: schemas.REGIONS,
      refusals: tail === "" ? [] : [400],
      answer: ({ memory }, { path: { region } }) => memory.status(region),
    },
    {
      id: `unregisterSharedMemory${tail === "" ? "" : "Region"}`,
      method: "POST",
      path: `/v2/systemsharedmemory${tail}/unregister`,
      summary: "Let go of regions.",
      body: schemas.ANYTHING,
      answers: schemas.NOTHING,
      refusals: [400, 413],
      answer: async (server, { path: { region } }) => {
        await unregisterEverywhere(server, region);
        return {};
      },
    },
  ]),
  {
    id: "registerSharedMemory",
    method: "POST",
    path: "/v2/systemsharedmemory/region/{region}/register",
    summary: "Register a part of a segment of /dev/shm.",
    body: schemas.REGISTER,
    answers: schemas.NOTHING,
    refusals: [400, 413],
    answer: async (server, { path: { region = "" }, body }) => {
      const { key } = body;
      if (typeof key !== "string") throw badRequest("`key` is no text");
      const [offset = 0, byte_size = 0] = [wholeNumber(body, "offset"), wholeNumber(body, "byte_size")];
      await registerEverywhere(server, { name: region, key, offset, byte_size });
      return {};
    },
  },
  {
    id: "logSettings",
    method: "GET",
    path: "/v2/logging",
    summary: "The settings of the log.",
    answers: schemas.LOG_SETTINGS,
    answer: (server) => server.logSettings(),
  },
  {
    id: "changeLogSettings",
    method: "POST",
    path: "/v2/logging",
    summary: "Change settings of the log.",
    body: schemas.LOG_CHANGE,
    answers: schemas.LOG_SETTINGS,
    refusals: [400, 413],
    answer: (server, { body }) => logEverywhere(server, body),
  },
  {
    id: "traceSettings",
    method: "GET",
    path: "/v2/trace/setting",
    summary: "The settings of traces.",
    answers: schemas.TRACE_SETTINGS,
    answer: (server) => server.traceSettings(),
  },
  {
    id: "changeTraceSettings",
    method: "POST",
    path: "/v2/trace/setting",
    summary: "Change settings of traces.",
    body: schemas.TRACE_CHANGE,
    answers: schemas.TRACE_SETTINGS,
    refusals: [400, 413],
    answer: (server, { body }) => traceEverywhere(server, body),
  },
  {
    id: "modelTraceSettings",
    method: "GET",
    path: "/v2/models/{name}/trace/setting",
    summary: "A model's settings of traces.",
    answers: schemas.TRACE_SETTINGS,
    refusals: OF_MODEL,
    answer: (server, { path: { name } }) => server.traceSettings(name),
  },
  {
    id: "changeModelTraceSettings",
    method: "POST",
    path: "/v2/models/{name}/trace/setting",
    summary: "Change a model's settings of traces.",
    body: schemas.TRACE_CHANGE,
    answers: schemas.TRACE_SETTINGS,
    refusals: [400, ...OF_MODEL, 413],
    answer: (server, { path: { name = "" }, body }) => traceOfModel(server, name, body),
  },
];
