import { planFeatures, type FeatureSelection } from "@millwright/feature-store/serving";

/** What any service may refuse a request with: the caller, the request, its fields, or a defect of ours. */
const ALWAYS = [
  "features/missing-field",
  "features/wrong-field",
  "kernel/defect",
  "serving/bad-request",
  "serving/foreign-caller",
  "serving/too-large",
  "serving/unknown-service",
];

const OF_FUNCTIONS = [
  "serving/function-failed",
  "serving/function-timeout",
  "serving/overloaded",
  "serving/refused",
  "serving/wrong-answer",
];

/** The codes with which a service of these features may refuse a prediction: those of its views only where they say so. */
export function refusalCodes(
  selections: readonly FeatureSelection[],
  { isFunction = false }: { readonly isFunction?: boolean } = {},
): readonly string[] {
  const { joins } = planFeatures(selections);
  const declared = [
    ...(joins.some(({ view }) => view.onMissing === "error") ? ["features/missing-entity"] : []),
    ...(joins.some(({ view }) => view.onStale === "error") ? ["features/stale"] : []),
  ];
  return [...ALWAYS, ...declared, ...(isFunction ? OF_FUNCTIONS : [])].toSorted();
}
