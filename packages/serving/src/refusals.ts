import { planFeatures, type FeatureSelection } from "@millwright/feature-store";

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

/** The codes with which a service of these features may refuse a prediction: those of its views only where they say so. */
export function refusalCodes(selections: readonly FeatureSelection[]): readonly string[] {
  const { joins } = planFeatures(selections);
  const declared = [
    ...(joins.some(({ view }) => view.onMissing === "error") ? ["features/missing-entity"] : []),
    ...(joins.some(({ view }) => view.onStale === "error") ? ["features/stale"] : []),
  ];
  return [...ALWAYS, ...declared].toSorted();
}
