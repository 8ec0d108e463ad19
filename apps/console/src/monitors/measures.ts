import type { MonitorResults } from "@millwright/client";

export type FeatureDay = MonitorResults["results"][number];
export type Source = FeatureDay["source"];

/** What is told of a feature by day, and from where on it is worth a look. */
export interface Measure {
  readonly name: string;
  readonly of: (day: FeatureDay) => number | null;
  readonly show: (value: number) => string;
  readonly moving: number;
  readonly shifted: number;
}

const index = (value: number) => value.toFixed(2);
const share = (value: number) => `${(value * 100).toFixed(value >= 0.0995 || value === 0 ? 0 : 1)} %`;

export const MEASURES: readonly Measure[] = [
  { name: "Stability index", of: ({ psi }) => psi, show: index, moving: 0.1, shifted: 0.25 },
  { name: "Missing", of: ({ missingRate }) => missingRate, show: share, moving: 0.05, shifted: 0.2 },
  { name: "Out of range", of: ({ outOfRangeRate }) => outOfRangeRate, show: share, moving: 0.01, shifted: 0.05 },
  { name: "New texts", of: ({ newCategoryRate }) => newCategoryRate, show: share, moving: 0.001, shifted: 0.05 },
  { name: "Skew", of: ({ skewRate }) => skewRate, show: share, moving: 0.01, shifted: 0.1 },
];

export function toneOf({ moving, shifted }: Measure, value: number | null | undefined): string {
  if (value === null || value === undefined || value < moving) return "calm";
  return value < shifted ? "moving" : "shifted";
}

/** By feature its days, the one that is worst on any day first. */
export function byFeature(days: readonly FeatureDay[], { of }: Measure) {
  return [...Map.groupBy(days, ({ feature }) => feature)]
    .map(([feature, own]) => ({ feature, days: own, worst: Math.max(...own.map((day) => of(day) ?? 0)) }))
    .toSorted((one, other) => other.worst - one.worst || one.feature.localeCompare(other.feature));
}

/** A day as a time for an axis; none where the rows have no time. */
export function timeOf(day: string): number | undefined {
  return day === "all" ? undefined : Date.parse(`${day}T00:00:00Z`);
}
