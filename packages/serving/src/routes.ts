import { answerTensors, VARIANT_OUTPUTS } from "./answer.ts";
import { LIVE, MODEL_METADATA, MODEL_READY, READY, SERVER_METADATA } from "./openapi/schemas.ts";
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
export const serviceRoutes: Readonly<Record<string, ReadRoute<LoadedService>>> = {
  "": {
    id: "Metadata",
    summary: "A service's version, inputs and outputs.",
    answers: MODEL_METADATA,
    answer: ({ deployed, model, variants }) => ({
      name: deployed.name,
      versions: versionsOf({ deployed, variants }),
      platform: "millwright",
      inputs: deployed.request.map(({ name, type }) => ({ name, datatype: datatypeOf(type), shape: [-1] })),
      outputs: [
        ...answerTensors(model, -1),
        ...(variants === undefined ? [] : VARIANT_OUTPUTS.map((name) => ({ name, datatype: "BYTES", shape: [-1] }))),
      ],
    }),
  },
  "/ready": {
    id: "Ready",
    summary: "Whether a service answers.",
    answers: MODEL_READY,
    answer: ({ deployed }) => ({ name: deployed.name, ready: true }),
  },
};

/** The versions that answer under a service's name, its own first. */
export function versionsOf({
  deployed,
  variants,
}: Pick<LoadedService, "deployed"> & { variants?: LoadedService["variants"] | undefined }): readonly string[] {
  return [
    ...new Set(
      [deployed, ...(variants ?? []).map((variant) => variant.deployed)].map(({ version }) => String(version)),
    ),
  ];
}

/** The protocol's word for a field's type. */
export function datatypeOf(type: string): "INT64" | "FP64" | "BOOL" | "BYTES" {
  if (type === "long" || type === "int") return "INT64";
  if (type === "boolean") return "BOOL";
  return type === "double" || type === "float" ? "FP64" : "BYTES";
}
