import type { MillError } from "@millwright/kernel";
import { inferenceErrors } from "../inference/errors.ts";

interface ToldFailure {
  readonly because?: unknown;
  readonly traceback?: unknown;
}

/** A model that could not be loaded, with the place of Python's traceback that is last, as seen from the model's folder. */
export function loadFailed({ because, traceback }: ToldFailure, folder: string): MillError {
  const within = (text: unknown) => String(text).replaceAll(`${folder}/`, "");
  const lines = Array.isArray(traceback) ? (traceback as readonly unknown[]).map(within) : [];
  const place = lines.findLast((line) => line.startsWith("  File "))?.trim();
  return inferenceErrors.create("inference/cannot-load", {
    because: place === undefined ? within(because) : `${within(because)}; ${place}`,
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
