import {
  areAllThere,
  logEverywhere,
  registerEverywhere,
  traceEverywhere,
  traceOfModel,
  unregisterEverywhere,
} from "../../shards/whole-server.ts";
import { givenIn } from "../given-models.ts";
import { EXTENSIONS, type InferenceServer } from "../inference-server.ts";
import type { Parameters } from "../parameters.ts";
import { isModelReady, modelMetadata, repositoryIndex, statisticsOf } from "../rest/operations.ts";
import { numberOf, type Long } from "./typed-contents.ts";

/** Answers one call that is no inference; the message is as it was decoded. */
export type Answer = (server: InferenceServer, message: never) => unknown;

interface Named {
  readonly name: string;
  readonly version: string;
}

interface Setting {
  readonly bool_param?: boolean;
  readonly uint32_param?: number;
  readonly string_param?: string;
  readonly parameter_choice?: string;
}

interface LoadParameter {
  readonly string_param?: string;
  readonly bytes_param?: Uint8Array;
  readonly parameter_choice?: "string_param" | "bytes_param";
}

type LoadMessage = {
  readonly model_name: string;
  readonly parameters: Readonly<Record<string, LoadParameter>>;
};

/** Each by its name, as what it is. */
function parametersOf(parameters: LoadMessage["parameters"]): Parameters {
  const told = Object.entries(parameters).map(([name, one]) => [name, one[one.parameter_choice ?? "string_param"]]);
  return Object.fromEntries(told) as Parameters;
}

/** By the method's name. */
export const answers: Readonly<Record<string, Answer>> = {
  ServerLive: () => ({ live: true }),
  ServerReady: async (server: InferenceServer) => ({ ready: await areAllThere(server) }),
  ServerMetadata: ({ name, version }: InferenceServer) => ({ name, version, extensions: EXTENSIONS }),
  ModelReady: async (server: InferenceServer, { name, version }: Named) => ({
    ready: await isModelReady(server, name, version),
  }),
  ModelMetadata: async (server: InferenceServer, { name, version }: Named) =>
    modelMetadata(server, await server.models.obtain(name, version)),
  ModelConfig: async (server: InferenceServer, { name, version }: Named) => ({
    config: (await server.models.obtain(name, version)).config,
  }),
  ModelStatistics: (server: InferenceServer, { name, version }: Named) => statisticsOf(server, name, version),
  RepositoryIndex: async (server: InferenceServer, { ready }: { readonly ready: boolean }) => ({
    models: await repositoryIndex(server, ready),
  }),
  RepositoryModelLoad: async (server: InferenceServer, { model_name, parameters }: LoadMessage) => {
    await server.models.load(model_name, givenIn(parametersOf(parameters)));
    return {};
  },
  RepositoryModelUnload: async (server: InferenceServer, { model_name }: LoadMessage) => {
    await server.models.unload(model_name);
    return {};
  },
  SystemSharedMemoryStatus: ({ memory }: InferenceServer, { name }: Named) => ({
    regions: Object.fromEntries(memory.status(name === "" ? undefined : name).map((region) => [region.name, region])),
  }),
  SystemSharedMemoryRegister: async (
    server: InferenceServer,
    {
      name,
      key,
      offset,
      byte_size,
    }: { readonly name: string; readonly key: string; readonly offset: Long; readonly byte_size: Long },
  ) => {
    const region = { name, key, offset: numberOf(offset), byte_size: numberOf(byte_size) };
    await registerEverywhere(server, region);
    return {};
  },
  SystemSharedMemoryUnregister: async (server: InferenceServer, { name }: Named) => {
    await unregisterEverywhere(server, name === "" ? undefined : name);
    return {};
  },
  CudaSharedMemoryStatus: () => ({ regions: {} }),
  TraceSetting: async (
    server: InferenceServer,
    {
      model_name,
      settings,
    }: {
      readonly model_name: string;
      readonly settings: Readonly<Record<string, { readonly value: readonly string[] }>>;
    },
  ) => {
    // A setting without a value is brought back to what it was.
    const change = Object.fromEntries(
      Object.entries(settings).map(([name, { value }]) => [name, value.length === 0 ? null : value]),
    );
    const isChange = Object.keys(change).length > 0;
    const now =
      isChange && model_name === ""
        ? await traceEverywhere(server, change)
        : isChange
          ? await traceOfModel(server, model_name, change)
          : server.traceSettings(model_name);
    return {
      settings: Object.fromEntries(Object.entries(now).map(([name, value]) => [name, { value: [value].flat() }])),
    };
  },
  LogSettings: async (
    server: InferenceServer,
    { settings }: { readonly settings: Readonly<Record<string, Setting>> },
  ) => {
    const change = Object.entries(settings).map(([name, setting]) => [
      name,
      setting[setting.parameter_choice as keyof Setting],
    ]);
    const now =
      change.length === 0
        ? server.logSettings()
        : await logEverywhere(server, Object.fromEntries(change) as Record<string, unknown>);
    return { settings: Object.fromEntries(Object.entries(now).map(([name, value]) => [name, settingOf(value)])) };
  },
};

function settingOf(value: unknown): Setting {
  if (typeof value === "boolean") return { bool_param: value };
  return typeof value === "number" ? { uint32_param: value } : { string_param: String(value) };
}
