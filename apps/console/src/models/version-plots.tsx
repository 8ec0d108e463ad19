import type { ModelVersion } from "@millwright/client";
import { Chart } from "../parts/chart.tsx";
import { Empty } from "../parts/empty.tsx";
import { Panel } from "../parts/page.tsx";
import { Confusion } from "./confusion.tsx";
import { cutsOf, fallOutOf, precisionOf, recallOf, type Cut } from "./curves.ts";
import { detailsOf, type CalibrationBin } from "./details.ts";

const UNIT = { min: 0, max: 1 } as const;
const RISING = [
  [0, 0],
  [1, 1],
] as const;

/** How well one version, or two beside one another, tell the classes apart and mean what they say: on the test rows. */
export function VersionPlots({ versions }: { readonly versions: readonly ModelVersion[] }) {
  const measured = versions.map((version) => ({
    name: `version ${version.version}`,
    bins: detailsOf(version).calibration ?? [],
  }));
  const drawn = measured.filter(({ bins }) => bins.length > 0).map((one) => ({ ...one, cuts: cutsOf(one.bins) }));
  const [first] = drawn;
  if (first === undefined)
    return (
      <Panel title="How good it is">
        <Empty>
          The trainer of this version recorded no calibration, from which the curves are drawn. The trainers of the
          platform do: `trainer: gradientBoosting(&#123; trees: 80 &#125;)`.
        </Empty>
      </Panel>
    );
  const series = (points: (cuts: readonly Cut[]) => readonly (readonly [Cut, number, number])[]) =>
    drawn.map(({ name, cuts }) => {
      const found = points(cuts);
      return { name, points: found.map(([, x, y]) => [x, y] as const), notes: found.map(([cut]) => noteOf(cut)) };
    });
  return (
    <div className="columns">
      <Panel title="ROC on the test rows">
        <Chart
          label={`ROC curve of ${drawn.map(({ name }) => name).join(" and ")}`}
          x={{ name: "false positive rate", ...UNIT }}
          y={{ name: "true positive rate", ...UNIT }}
          series={series((cuts) => cuts.map((cut) => [cut, fallOutOf(cut), recallOf(cut)]))}
          ideal={RISING}
        />
      </Panel>
      <Panel title="Precision and recall on the test rows">
        <Chart
          label={`Precision by recall of ${drawn.map(({ name }) => name).join(" and ")}`}
          x={{ name: "recall", ...UNIT }}
          y={{ name: "precision", ...UNIT }}
          series={series((cuts) =>
            cuts.flatMap((cut) => {
              const precision = precisionOf(cut);
              return precision === undefined ? [] : [[cut, recallOf(cut), precision] as const];
            }),
          )}
        />
      </Panel>
      <Panel title="Calibration on the test rows">
        <Chart
          label={`Observed rate by predicted probability of ${drawn.map(({ name }) => name).join(" and ")}`}
          x={{ name: "predicted probability", ...UNIT }}
          y={{ name: "observed rate", ...UNIT }}
          series={drawn.map(({ name, bins }) => ({ name, ...calibrationPoints(bins) }))}
          ideal={RISING}
        />
      </Panel>
      {drawn.length === 1 ? <Confusion cuts={first.cuts} /> : null}
    </div>
  );
}

function calibrationPoints(bins: readonly CalibrationBin[]) {
  return {
    points: bins.map(({ meanProbability, observedRate }) => [meanProbability, observedRate] as const),
    notes: bins.map(({ rows }) => `rows: ${rows}`),
  };
}

function noteOf({ threshold }: Cut): string {
  return `threshold: ${Number(threshold.toFixed(3))}`;
}
