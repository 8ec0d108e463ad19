import type { ModelVersion } from "@millwright/client";

type Metrics = Readonly<Record<string, number>>;

/** What the platform's trainers record of a version. Another trainer's may lack any of it. */
export interface VersionDetails {
  /** By which the version is told in a word. */
  readonly metric?: string;
  readonly metrics?: Readonly<Record<string, Metrics>>;
  readonly baselines?: readonly { readonly title: string; readonly metrics: Metrics }[];
  readonly gates?: readonly GateResult[];
  /** The share of the splits' gain, and how much the feature adds to or takes from an answer on average. */
  readonly importance?: readonly {
    readonly feature: string;
    readonly gain: number;
    readonly contribution?: number | null;
  }[];
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly signature?: { readonly request?: readonly { readonly name: string; readonly type: string }[] };
  readonly rows?: number;
}

export interface GateResult {
  readonly gate: string;
  readonly passed: boolean;
  readonly observed: number | null;
}

export function detailsOf(version: ModelVersion | null | undefined): VersionDetails {
  return (version?.details ?? {}) as VersionDetails;
}

/** The metric by which a version is told. */
export function mainMetric({ metric = "auc" }: VersionDetails): string {
  return metric;
}
