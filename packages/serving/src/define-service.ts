import { checkTraffic, type TrafficOptions } from "./traffic/traffic-options.ts";

/** A model behind a name that callers know: it may be replaced without them noticing. */
export interface ServiceDefinition {
  readonly kind: "service";
  readonly name: string;
  /** `MODEL@ALIAS`, for instance `late-flights@champion`. */
  readonly model: string;
  readonly description: string;
  readonly traffic?: TrafficOptions;
}

/**
 * Declares a service. What it takes and answers is the model's signature. With `traffic`, versions of the model share its
 * requests.
 *
 * @example
 * ```ts
 * export const board = defineService({
 *   name: "late-flights",
 *   model: "late-flights@champion",
 *   traffic: { weights: { champion: 90, candidate: 10 }, stickyBy: { field: "origin" } },
 * });
 * ```
 */
export function defineService({
  name,
  model,
  description = "",
  traffic,
}: {
  readonly name: string;
  readonly model: string;
  readonly description?: string;
  readonly traffic?: TrafficOptions;
}): ServiceDefinition {
  const { alias } = modelReference(model);
  return {
    kind: "service",
    name,
    model,
    description,
    ...(traffic === undefined ? {} : { traffic: checkTraffic(name, alias, traffic) }),
  };
}

/** `late-flights@champion` in its parts; without an alias the champion is meant. */
export function modelReference(reference: string): { readonly model: string; readonly alias: string } {
  const [model = "", alias = "champion"] = reference.split("@");
  return { model, alias };
}
