import type { NumberPlots } from "@millwright/client";
import { Chart } from "../parts/chart.tsx";
import { Panel } from "../parts/page.tsx";
import { endsOf } from "./axis-ends.ts";
import { namesOf } from "./judged.ts";

/** How far predicted numbers are off, and whether like predictions are right in the mean: on the test rows. */
export function NumberPanels({
  versions,
}: {
  readonly versions: readonly { readonly name: string; readonly plots: NumberPlots }[];
}) {
  const names = namesOf(versions);
  const ends = versions.flatMap(({ plots }) => plots.fitted.flatMap(({ predicted, actual }) => [predicted, actual]));
  const axis = endsOf(ends);
  return (
    <>
      <Panel title="Predicted and actual on the test rows">
        <Chart
          label={`Mean of the actual numbers by mean prediction of ${names}`}
          x={{ name: "mean prediction", ...axis }}
          y={{ name: "mean of the actual", ...axis }}
          series={versions.map(({ name, plots: { fitted } }) => ({
            name,
            points: fitted.map(({ predicted, actual }) => [predicted, actual] as const),
            notes: fitted.map(({ rows }) => `rows: ${rows}`),
          }))}
          ideal={[
            [axis.min, axis.min],
            [axis.max, axis.max],
          ]}
        />
      </Panel>
      <Panel title="How far off on the test rows">
        <Chart
          label={`Rows by prediction less actual of ${names}`}
          x={{ name: "prediction less actual" }}
          y={{ name: "rows", min: 0 }}
          series={versions.map(({ name, plots: { residuals } }) => ({
            name,
            points: residuals.map(({ from, to, rows }) => [(from + to) / 2, rows] as const),
          }))}
        />
      </Panel>
    </>
  );
}
