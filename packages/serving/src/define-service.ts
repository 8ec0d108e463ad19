/** A model behind a name that callers know: it may be replaced without them noticing. */
export interface ServiceDefinition {
  readonly kind: "service";
  readonly name: string;
  /** `MODEL@ALIAS`, for instance `late-flights@champion`. */
  readonly model: string;
  readonly description: string;
}

/**
 * Declares a service. What it takes and answers is the model's signature.
 *
 * @example
 * ```ts
 * export const board = defineService({ name: "late-flights", model: "late-flights@champion" });
 * ```
 */
export function defineService({
  name,
  model,
  description = "",
}: {
  readonly name: string;
  readonly model: string;
  readonly description?: string;
}): ServiceDefinition {
  return { kind: "service", name, model, description };
}
