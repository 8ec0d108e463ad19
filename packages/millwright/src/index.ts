export { table, type FeatureViews, type Models, type Services, type TableReference, type Tables } from "@millwright/kernel";
export { defineSource, type SourceDefinition } from "@millwright/ingestion";
export {
  addMinutes,
  clip,
  coalesce,
  column,
  constant,
  defineEntity,
  defineFeatureService,
  defineFeatureView,
  defineOnDemandFeatureView,
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
} from "@millwright/feature-store";
export { defineProject, type ProjectDefinition } from "@millwright/project";
