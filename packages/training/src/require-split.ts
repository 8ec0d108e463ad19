import type { ShareSplit, TrainingDefinition, TrainingSplit } from "./define-training.ts";
import { trainingErrors } from "./errors.ts";

/** Refuses a split that cannot be: shares that leave nothing to learn from, times without a column of times. */
export function requireSplit({ name, timestamp, split }: TrainingDefinition): void {
  if (!isByShare(split)) {
    if (timestamp !== undefined) return;
    throw invalid(`${name}: a split by time needs the population's column of times, \`timestamp\``);
  }
  const { validation, test } = split;
  if (validation > 0 && test > 0 && validation + test < 1) return;
  throw invalid(`${name}: shares of ${validation} and ${test} do not leave three parts`);
}

export function isByShare(split: TrainingSplit): split is ShareSplit {
  return "by" in split;
}

function invalid(because: string): Error {
  return trainingErrors.create("training/invalid-split", { because });
}
