// What the public package offers of this one, and what that needs: the files of a project load nothing else.

export {
  atLeast,
  atMost,
  betterThanBaseline,
  defineTraining,
  gradientBoosting,
  notWorseThan,
  sliceAtLeast,
  sliceAtMost,
  type TrainingDefinition,
} from "./define-training.ts";
