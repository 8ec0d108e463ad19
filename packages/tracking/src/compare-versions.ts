import type { ModelVersion } from "./tracking.ts";

export interface VersionComparison {
  readonly model: string;
  readonly version: number;
  readonly with: number;
  /** Metrics that both have, and how much the first one's is above the other's. */
  readonly metrics: readonly {
    readonly part: string;
    readonly metric: string;
    readonly value: number;
    readonly other: number;
    readonly difference: number;
  }[];
  /** Parameters that are not the same, as JSON; null where there is none. */
  readonly parameters: readonly {
    readonly name: string;
    readonly value: string | null;
    readonly other: string | null;
  }[];
  readonly featuresAdded: readonly string[];
  readonly featuresRemoved: readonly string[];
}

interface Details {
  readonly metrics?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly signature?: { readonly features?: readonly string[] };
}

/** What differs between two versions of a model. */
export function compareVersions(one: ModelVersion, other: ModelVersion): VersionComparison {
  const [mine, theirs] = [one.details as Details, other.details as Details];
  const [features, before] = [mine.signature?.features ?? [], theirs.signature?.features ?? []];
  return {
    model: one.model,
    version: one.version,
    with: other.version,
    metrics: metricsOf(mine, theirs),
    parameters: parametersOf(mine.parameters ?? {}, theirs.parameters ?? {}),
    featuresAdded: features.filter((name) => !before.includes(name)),
    featuresRemoved: before.filter((name) => !features.includes(name)),
  };
}

function metricsOf(mine: Details, theirs: Details): VersionComparison["metrics"] {
  return Object.entries(mine.metrics ?? {}).flatMap(([part, metrics]) =>
    Object.entries(metrics).flatMap(([metric, value]) => {
      const other = theirs.metrics?.[part]?.[metric];
      if (typeof value !== "number" || typeof other !== "number") return [];
      return [{ part, metric, value, other, difference: value - other }];
    }),
  );
}

function parametersOf(
  mine: Readonly<Record<string, unknown>>,
  theirs: Readonly<Record<string, unknown>>,
): VersionComparison["parameters"] {
  const shown = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  return [...new Set([...Object.keys(mine), ...Object.keys(theirs)])]
    .toSorted()
    .map((name) => ({ name, value: shown(mine[name]), other: shown(theirs[name]) }))
    .filter(({ value, other }) => value !== other);
}
