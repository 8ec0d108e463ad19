import type { RegionPlace } from "./shared-memory.ts";
import { badRequest, quoted } from "./tensor.ts";

/** The parameters of a request or a tensor: text, numbers, booleans. Those that nobody knows are left. */
export type Parameters = Readonly<Record<string, unknown>>;

/** Throws `inference/bad-request` where there is something else. */
export function parametersOf(given: unknown): Parameters {
  if (given === undefined || given === null) return {};
  if (typeof given !== "object" || Array.isArray(given)) throw badRequest("`parameters` is no object");
  return given as Parameters;
}

/** Where in shared memory a tensor lies; undefined where it does not. */
export function regionOf(parameters: Parameters): RegionPlace | undefined {
  const { shared_memory_region: region } = parameters;
  if (region === undefined) return undefined;
  if (typeof region !== "string") throw badRequest("`shared_memory_region` is no text");
  const byteSize = wholeNumber(parameters, "shared_memory_byte_size");
  if (byteSize === undefined)
    throw badRequest(`\`shared_memory_byte_size\` of the region ${quoted(region)} is missing`);
  return { region, byteSize, offset: wholeNumber(parameters, "shared_memory_offset") ?? 0 };
}

/** A parameter that is a whole number from 0 on; undefined where it is absent. */
export function wholeNumber(parameters: Parameters, name: string): number | undefined {
  const value = parameters[name];
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw badRequest(`\`${name}\` is no whole number from 0 on`);
}

/** A parameter that is true or false; false where it is absent. */
export function flag(parameters: Parameters, name: string): boolean {
  const value = parameters[name] ?? false;
  if (typeof value === "boolean") return value;
  throw badRequest(`\`${name}\` is neither true nor false`);
}
