import { answerTensors, VARIANT_OUTPUTS, type AnswerTensor } from "./answer.ts";
import { functionTensors } from "./functions/function-tensors.ts";
import { isFunction, type LoadedFunction } from "./functions/load-function.ts";
import { LIVE, MODEL_METADATA, MODEL_READY, READY, SERVER_METADATA } from "./openapi/schemas.ts";
import { datatypeOf } from "./field-datatype.ts";
import { EXTENSIONS } from "./inference/inference-server.ts";
import type { LoadedService } from "./service.ts";

/** An address that is read. `Of` is of what it tells. */
interface ReadRoute<Of> {
  readonly id: string;
  readonly summary: string;
  /** The schema of its answer. */
  readonly answers: object;
  answer(of: Of): unknown;
}

/** The server's own addresses that answer JSON. */
export const serverRoutes: Readonly<Record<string, ReadRoute<{ readonly version: string }>>> = {
  "/v2": {
    id: "serverMetadata",
    summary: "The server and the extensions that it speaks.",
    answers: SERVER_METADATA,
    answer: ({ version }) => ({ name: "millwright", version, extensions: EXTENSIONS }),
  },
  "/v2/health/live": {
    id: "serverLive",
    summary: "Whether the server answers.",
    answers: LIVE,
    answer: () => ({ live: true }),
  },
  "/v2/health/ready": {
    id: "serverReady",
    summary: "Whether the server may be sent work.",
    answers: READY,
    answer: () => ({ ready: true }),
  },
};

/** What is read of a service, by what follows its name or its version in the address. */
export const serviceRoutes: Readonly<Record<string, ReadRoute<LoadedService | LoadedFunction>>> = {
  "": {
    id: "Metadata",
    summary: "A service's version, inputs and outputs.",
    answers: MODEL_METADATA,
    answer: (service) => ({
      name: service.deployed.name,
      versions: versionsOf(service),
      platform: "millwright",
      inputs: service.deployed.request.map(({ name, type }) => ({ name, datatype: datatypeOf(type), shape: [-1] })),
      outputs: outputsOf(service),
    }),
  },
  "/ready": {
    id: "Ready",
    summary: "Whether a service answers.",
    answers: MODEL_READY,
    answer: ({ deployed }) => ({ name: deployed.name, ready: true }),
  },
};

/** What is answered of each row, without what names it. */
function outputsOf(service: LoadedService | LoadedFunction): readonly AnswerTensor[] {
  if (isFunction(service)) return functionTensors(service.deployed, -1).filter(({ name }) => name !== "prediction_id");
  const { model, variants } = service;
  const told = variants === undefined ? [] : VARIANT_OUTPUTS;
  return [...answerTensors(model, -1), ...told.map((name) => ({ name, datatype: "BYTES", shape: [-1] }))];
}

/** The versions that answer under a service's name, its own first. */
export function versionsOf(service: LoadedService | LoadedFunction): readonly string[] {
  const variants = isFunction(service) ? [] : (service.variants ?? []);
  const versions = [service, ...variants].map(({ deployed }) => String(deployed.version));
  return [...new Set(versions)];
}
