// Features as they are looked up for a request: all that serving needs of this package.

export {
  createOnlineFeatures,
  ISO_TIME,
  type LookedUp,
  type OnlineFeatureOptions,
  type OnlineFeatures,
} from "./lookup.ts";
export { entityKey, type OnlineRow, type OnlineStore, type OnlineView } from "./ports.ts";
export { featureErrors } from "./errors.ts";
export { planFeatures } from "./domain/plan.ts";
export type { FeatureSelection } from "./definitions.ts";
