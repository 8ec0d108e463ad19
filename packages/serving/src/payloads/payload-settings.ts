import { cannotLoad } from "../inference/model-folder.ts";
import type { ModelConfig } from "../inference/model-config.ts";

/** Which of an inference is kept, as KServe's logger says it. */
export type PayloadMode = "all" | "request" | "response" | "none";

/** What of a model's inferences is kept. */
export interface PayloadSettings {
  readonly mode: PayloadMode;
  /** From 0 to 1: which share of them. */
  readonly samplingFraction: number;
  /** Of a request, and of a response, as JSON; what is longer is cut off. */
  readonly bodyBytesMax: number;
  /** Names of headers, in lower case, that are kept beside. */
  readonly metadataHeaders: readonly string[];
}

export const PAYLOAD_DEFAULTS: PayloadSettings = {
  mode: "none",
  samplingFraction: 1,
  bodyBytesMax: 64 * 2 ** 10,
  metadataHeaders: [],
};

export const PAYLOAD_MODES: readonly PayloadMode[] = ["all", "request", "response", "none"];
export const BODY_BYTES_LIMIT = 16 * 2 ** 20;
const HEADERS_MAX = 32;
/** Nobody is to find another's key in a log. */
const SECRET = /authorization|cookie|token|secret|password|credential|api-?key|signature/;

/** What a model's configuration says, where it says something. Throws `inference/cannot-load`. */
export function configuredPayloads({ parameters = {} }: ModelConfig): Partial<PayloadSettings> {
  const told = (name: string) => parameters[name]?.string_value;
  const [mode, fraction] = [told("payload_log"), told("payload_sampling_fraction")];
  const [bytes, headers] = [told("payload_body_bytes"), told("payload_metadata_headers")];
  return {
    ...(mode === undefined ? {} : { mode: modeOf(mode) }),
    ...(fraction === undefined ? {} : { samplingFraction: fractionOf(fraction) }),
    ...(bytes === undefined ? {} : { bodyBytesMax: bytesOf(bytes) }),
    ...(headers === undefined ? {} : { metadataHeaders: headersOf(headers) }),
  };
}

function modeOf(given: string): PayloadMode {
  const found = PAYLOAD_MODES.find((mode) => mode === given);
  if (found !== undefined) return found;
  throw cannotLoad(`payload_log is ${JSON.stringify(given)}, and is one of ${PAYLOAD_MODES.join(", ")}`);
}

function fractionOf(given: string): number {
  const fraction = /^\d*\.?\d+$/.test(given) ? Number(given) : Number.NaN;
  if (fraction >= 0 && fraction <= 1) return fraction;
  throw cannotLoad(`payload_sampling_fraction is ${JSON.stringify(given)}, and is a number from 0 to 1`);
}

function bytesOf(given: string): number {
  if (/^\d{1,9}$/.test(given) && Number(given) <= BODY_BYTES_LIMIT) return Number(given);
  throw cannotLoad(`payload_body_bytes is ${JSON.stringify(given)}, and is a number up to ${BODY_BYTES_LIMIT}`);
}

function headersOf(given: string): readonly string[] {
  const names = given
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  const secret = names.find(isSecretHeader);
  if (secret !== undefined) throw cannotLoad(`payload_metadata_headers names ${secret}, which may hold a secret`);
  if (names.length > HEADERS_MAX) throw cannotLoad(`payload_metadata_headers names more than ${HEADERS_MAX}`);
  return names;
}

/** Whether a header's value may let its reader do what its sender may. */
export function isSecretHeader(name: string): boolean {
  return SECRET.test(name.toLowerCase());
}
