import { functionData, type Fields, type FunctionData, type FunctionOptions } from "./functions/function-options.ts";
import { wrongTraffic } from "./errors.ts";
import { checkTraffic, type TrafficOptions } from "./traffic/traffic-options.ts";

/** A model behind a name that callers know: it may be replaced without them noticing. */
export interface ServiceDefinition {
  readonly kind: "service";
  readonly name: string;
  /** `MODEL@ALIAS`, for instance `late-flights@champion`; empty where a function answers. */
  readonly model: string;
  readonly description: string;
  readonly traffic?: TrafficOptions;
  /** Where a function answers. */
  readonly function?: FunctionData;
}

export interface ModelServiceOptions {
  readonly name: string;
  /** `MODEL@ALIAS`. */
  readonly model: string;
  readonly description?: string;
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
export function defineService(options: ModelServiceOptions): ServiceDefinition;
/**
 * Declares a service that a function answers, typed by the fields that it takes and answers with.
 *
 * @example
 * ```ts
 * export const rebooking = defineService({
 *   name: "rebooking",
 *   request: { origin: "string", destination: "string", departed_at: "timestamp", distance: "double" },
 *   response: { advice: "string", probability: "double" },
 *   asks: ["late-flights"],
 *   predict: async (flight, { models }) => {
 *     const { probability } = await models.ask("late-flights", flight);
 *     return { advice: probability > 0.5 ? "rebook" : "keep", probability };
 *   },
 * });
 * ```
 */
export function defineService<const Request extends Fields, const Response extends Fields>(
  options: FunctionOptions<Request, Response>,
): ServiceDefinition;
export function defineService(options: ModelServiceOptions | FunctionOptions<Fields, Fields>): ServiceDefinition {
  const { name, description = "" } = options;
  if ("predict" in options) {
    if ("traffic" in options && options.traffic !== undefined) throw noVersions(name);
    const { predict } = options;
    // The function itself is no data: the thread that runs it takes it from here.
    return {
      kind: "service",
      name,
      model: "",
      description,
      function: functionData(options),
      predict,
    } as ServiceDefinition;
  }
  const { model, traffic } = options;
  const { alias } = modelReference(model);
  return {
    kind: "service",
    name,
    model,
    description,
    ...(traffic === undefined ? {} : { traffic: checkTraffic(name, alias, traffic) }),
  };
}

function noVersions(name: string): Error {
  return wrongTraffic(
    `a function answers ${name}: it has no versions that could share its requests`,
    "Take `traffic` away. To share requests among functions, define a service for each, and a graph of them whose node is a Splitter.",
  );
}

/** `late-flights@champion` in its parts; without an alias the champion is meant. */
export function modelReference(reference: string): { readonly model: string; readonly alias: string } {
  const [model = "", alias = "champion"] = reference.split("@");
  return { model, alias };
}
