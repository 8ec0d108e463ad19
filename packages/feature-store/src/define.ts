// What the public package offers of this one, and what that needs: the files of a project load nothing else.

export {
  addMinutes,
  clip,
  coalesce,
  column,
  constant,
  durationMs,
  greatest,
  isoDayOfWeek,
  least,
  minus,
  minuteOfDay,
  minutesBetween,
  over,
  plus,
  shift,
  times,
} from "./domain/expression.ts";
export {
  defineEntity,
  defineFeatureService,
  defineFeatureView,
  defineOnDemandFeatureView,
  type FeatureSelection,
} from "./definitions.ts";
