import { once } from "node:events";
import { resolve } from "node:path";
import { Type } from "@millwright/kernel";
import { createLineLogger, platformErrors, type Command, type CommandCall } from "@millwright/platform";
import { keepFolderServing } from "@millwright/server/folder-process";
import { INTERRUPTED, interruptible } from "./interruption.ts";
import { numberOf } from "./whole-number-option.ts";
import { payloadLogOf, payloadOptions } from "./payload-options.ts";
import { servedPlaces } from "./stored-models.ts";

const BODY_MEGABYTES = 64;
const CACHE_MEGABYTES = 64;
const COPIES_MEGABYTES = 256;
const THREADS_MAX = 256;
const SHARDS_MAX = 64;

export const serve: Command = {
  name: "serve",
  summary:
    "serve a folder of models, or models by their URIs, without a project: Open Inference Protocol, until Ctrl-C",
  arguments: ["[DIR]"],
  options: {
    model: {
      value: "NAME=URI",
      repeats: true,
      summary: "serve this model too: mill://models/…, models:/…, file://…, https://…#sha256=…",
    },
    port: { value: "PORT", summary: "for REST (8080); 0: free ones for everything" },
    "grpc-port": { value: "PORT", summary: "for gRPC (8081)" },
    "memory-megabytes": {
      value: "NUMBER",
      summary: "load models when they are asked for, within so much; without it, all at the start",
    },
    pin: { value: "NAMES", summary: "of those, load these at the start and keep them; with commas between" },
    threads: {
      value: "NUMBER",
      summary: "in which models are loaded and can run (one a processor, up to 8); 0: none",
    },
    shards: {
      value: "NUMBER",
      summary: "processes that share the models, the memory and the threads, each with a loop of its own (1)",
    },
    "copies-megabytes": {
      value: "NUMBER",
      summary: `of --shards: for copies of models that are asked for all the time, beside where each lies (${COPIES_MEGABYTES}); 0: none`,
    },
    "cache-megabytes": {
      value: "NUMBER",
      summary: `for the answers of models with a response_cache (${CACHE_MEGABYTES})`,
    },
    python: {
      value: "PATH",
      summary: "the interpreter or environment of Python models; else made from DIR/requirements.txt, else python3",
    },
    ...payloadOptions,
    "body-megabytes": {
      value: "NUMBER",
      summary: `the largest request that is read (${BODY_MEGABYTES}); an answer in JSON may be four times as large`,
    },
  },
  example: "mill serve models",
  stays: true,
  isStream: true,
  output: Type.Object({
    restPort: Type.Integer(),
    grpcPort: Type.Integer(),
    models: Type.Array(
      Type.Object({ name: Type.String(), version: Type.String(), state: Type.String(), reason: Type.String() }),
    ),
  }),
  handler: (call) =>
    interruptible(async (signal) => {
      const { folder, stored } = servedPlaces(call);
      const { python } = call.options;
      let told = "";
      call.out.working(() => told);
      const serving = await keepFolderServing({
        folder: folder === undefined ? undefined : resolve(folder),
        stored,
        restPort: numberOf(call, { option: "port", variable: "MILL_REST_PORT", fallback: 8_080, most: 65_535 }),
        grpcPort:
          call.options["port"] === "0"
            ? 0
            : numberOf(call, { option: "grpc-port", variable: "MILL_GRPC_PORT", fallback: 8_081, most: 65_535 }),
        bodyBytesMax: numberOf(call, { option: "body-megabytes", fallback: BODY_MEGABYTES, most: 2_000 }) * 2 ** 20,
        threads:
          call.options["threads"] === undefined
            ? undefined
            : numberOf(call, { option: "threads", fallback: 0, most: THREADS_MAX }),
        shards: numberOf(call, { option: "shards", fallback: 1, most: SHARDS_MAX }),
        copiesBytesMax:
          numberOf(call, { option: "copies-megabytes", fallback: COPIES_MEGABYTES, most: 10_000_000 }) * 2 ** 20,
        onDemand: onDemandOf(call),
        payloadLog: payloadLogOf(call),
        cacheBytesMax:
          numberOf(call, { option: "cache-megabytes", fallback: CACHE_MEGABYTES, most: 100_000 }) * 2 ** 20,
        python: typeof python === "string" ? python : undefined,
        onProgress: (message) => (told = message),
        // There is no project with a log of its own: what goes wrong is said where it was started.
        logger: createLineLogger((line) => call.out.note(line)),
      }).finally(() => call.out.working(undefined));
      const { restPort, grpcPort, models } = serving;
      call.out.record({ restPort, grpcPort, models }, (told) =>
        [
          ...told.models.map(
            ({ name, version, state, reason }) =>
              `${state === "READY" ? "ready" : "not ready"}  ${name} ${version}${reason === "" ? "" : `  ${reason}`}`,
          ),
          `REST on http://127.0.0.1:${told.restPort}`,
          `gRPC on 127.0.0.1:${told.grpcPort}`,
        ].join("\n"),
      );
      if (!signal.aborted) await once(signal, "abort");
      await serving.close();
      return signal.reason === "SIGINT" ? INTERRUPTED : 0;
    }),
};

function onDemandOf(call: CommandCall) {
  const { "memory-megabytes": megabytes, pin } = call.options;
  if (megabytes === undefined && pin !== undefined)
    throw platformErrors.create("platform/usage", {
      because: "--pin is of models that are loaded on demand",
      remedy: "Say how much memory they may take: `mill serve models --memory-megabytes 1000 --pin add_sub`.",
    });
  if (megabytes === undefined) return undefined;
  const bytesMax = numberOf(call, { option: "memory-megabytes", fallback: 0, most: 10_000_000 }) * 2 ** 20;
  return { bytesMax, pinned: typeof pin === "string" ? pin.split(",").filter((name) => name !== "") : [] };
}
