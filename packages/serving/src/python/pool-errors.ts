import type { MillError } from "@millwright/kernel";
import { inferenceErrors } from "../inference/errors.ts";

/** A model that could not be loaded, with the last lines of Python's traceback. */
export function loadFailed({
  because,
  traceback,
}: {
  readonly because?: unknown;
  readonly traceback?: unknown;
}): MillError {
  const lines = Array.isArray(traceback) ? (traceback as readonly unknown[]).map(String) : [];
  return inferenceErrors.create("inference/cannot-load", {
    because: [String(because), ...lines.filter((line) => line.startsWith("  File ")).slice(-1)]
      .join("; ")
      .replaceAll(/ {2,}/g, " "),
    remedy:
      "The traceback says where it arose: mend the model or its Python environment, and load it again; what was served before goes on.",
    ...(lines.length === 0 ? {} : { details: { traceback: lines } }),
  });
}

export function workerLost(because: string): MillError {
  return inferenceErrors.create("inference/worker-lost", { because });
}

export function noWorker(because: string): MillError {
  return inferenceErrors.create("inference/no-worker", { because });
}

export function tookTooLong(requestMs: number): MillError {
  return inferenceErrors.create("inference/worker-late", {
    because: `it did not answer within ${requestMs} ms, and its worker was ended`,
  });
}

export function deadlinePassed(): MillError {
  return inferenceErrors.create("inference/deadline", { because: "the model's workers had not answered by then" });
}
