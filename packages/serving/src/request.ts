import type { Column } from "@millwright/kernel";
import { featureErrors } from "@millwright/feature-store/serving";
import { isLonger, TEXT_LENGTH_MAX } from "./limits.ts";

/**
 * The declared fields of a request, each of its declared type; what else it brings is left. Throws `features/wrong-field`.
 * What is absent or null is told by the lookup, which knows whether it can do without.
 */
export function declaredFields(
  columns: readonly Column[],
  request: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const { name, type } of columns) {
    const value = Object.hasOwn(request, name) ? request[name] : undefined;
    if (value === undefined) continue;
    const problem = value === null ? undefined : problemOf(type, value);
    if (problem !== undefined) throw featureErrors.create("features/wrong-field", { because: `${name} ${problem}` });
    fields[name] = value;
  }
  return fields;
}

function problemOf(type: string, value: unknown): string | undefined {
  if (type === "string") return textProblem(value);
  if (type === "long" || type === "int") return integerProblem(value);
  if (type === "boolean")
    return typeof value === "boolean" || value === 0 || value === 1 ? undefined : "is not a boolean";
  if (/^(?:timestamp|date|time)/.test(type))
    return typeof value === "number" || typeof value === "string" ? undefined : "is not a time";
  return typeof value === "number" && Number.isFinite(value) ? undefined : "is not a number";
}

function textProblem(value: unknown): string | undefined {
  if (typeof value !== "string") return "is not text";
  return isLonger(value, TEXT_LENGTH_MAX) ? `is longer than ${TEXT_LENGTH_MAX} characters` : undefined;
}

/** A number beyond 2^53 has lost digits on its way: it would name another one. Text keeps them. */
function integerProblem(value: unknown): string | undefined {
  if (typeof value === "string") return /^-?\d{1,19}$/.test(value) ? undefined : "is not a whole number";
  if (!Number.isInteger(value)) return "is not a whole number";
  return Number.isSafeInteger(value) ? undefined : "is too large to be exact as a number: send it as text";
}
