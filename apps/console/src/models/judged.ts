import type { BinaryPlots, ClassPlots, Judgement, NumberPlots } from "@millwright/client";

/** A version's judgement, and what it is called beside another's. */
export interface Judged {
  readonly name: string;
  readonly judgement: Judgement;
}

export type Plots = BinaryPlots | NumberPlots | ClassPlots;

/** The test rows' plots of those that have such ones. */
export function plotsOf<Kind extends Plots["kind"]>(
  judged: readonly Judged[],
  kind: Kind,
): readonly { readonly name: string; readonly plots: Extract<Plots, { readonly kind: Kind }> }[] {
  return judged.flatMap(({ name, judgement: { test } }) =>
    test.plots.kind === kind ? [{ name, plots: test.plots as Extract<Plots, { readonly kind: Kind }> }] : [],
  );
}

/** `version 4 and version 3`. */
export function namesOf(all: readonly { readonly name: string }[]): string {
  return all.map(({ name }) => name).join(" and ");
}
