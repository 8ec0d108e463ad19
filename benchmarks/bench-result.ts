/** One figure, with what another program needs for the same work, measured in the same run. Less is better unless the unit is a rate (`…/s`). */
export interface BenchResult {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly peer?: { readonly name: string; readonly value: number };
}
