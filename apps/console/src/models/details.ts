import type { ModelVersion } from "@millwright/client";

/** What the platform's trainers record of a version. Another trainer's may lack any of it. */
export interface VersionDetails {
  readonly metrics?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly gates?: readonly GateResult[];
  readonly importance?: readonly { readonly feature: string; readonly gain: number }[];
  readonly calibration?: readonly CalibrationBin[];
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly signature?: { readonly request?: readonly { readonly name: string; readonly type: string }[] };
  readonly rows?: number;
}

export interface GateResult {
  readonly gate: string;
  readonly passed: boolean;
  readonly observed: number;
}

export interface CalibrationBin {
  readonly from: number;
  readonly rows: number;
  readonly meanProbability: number;
  readonly observedRate: number;
}

export function detailsOf(version: ModelVersion | null | undefined): VersionDetails {
  return (version?.details ?? {}) as VersionDetails;
}
