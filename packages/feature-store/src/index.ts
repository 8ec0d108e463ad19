export {
  defineEntity,
  defineFeatureService,
  defineFeatureView,
  defineOnDemandFeatureView,
  type EntityDefinition,
  type FeatureSelection,
  type FeatureServiceDefinition,
  type FeatureView,
  type FeatureViewData,
  type FeatureViewOptions,
  type OnDemandFeatureView,
  type OnDemandFeatureViewData,
  type OnDemandOptions,
  type Role,
} from "./definitions.ts";
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
  type Expression,
} from "./domain/expression.ts";
export { planFeatures, type FeaturePlan, type PlannedFeature, type StoredJoin } from "./domain/plan.ts";
export { fewRowsAKey } from "./few-rows-a-key.ts";
export { historicalSelect, type HistoricalRequest } from "./historical.ts";
export { materialise, type MaterialisePorts, type MaterialiseResult } from "./materialise.ts";
export {
  createOnlineFeatures,
  ISO_TIME,
  type LookedUp,
  type OnlineFeatureOptions,
  type OnlineFeatures,
} from "./lookup.ts";
export { entityKey, type OnlineRow, type OnlineStore, type OnlineView } from "./ports.ts";
export { featureErrors } from "./errors.ts";
