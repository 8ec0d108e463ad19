import type { BinaryPlots } from "@millwright/client";
import { Chart } from "../parts/chart.tsx";
import { Panel } from "../parts/page.tsx";
import { Confusion } from "./confusion.tsx";
import { fallOutOf, precisionOf, recallOf, type Cut } from "./curves.ts";
import { namesOf } from "./judged.ts";

const UNIT = { min: 0, max: 1 } as const;
const RISING = [
  [0, 0],
  [1, 1],
] as const;

interface Named {
  readonly name: string;
  readonly plots: BinaryPlots;
}

/** How well one version, or two beside one another, tell the rows apart and mean what they say: on the test rows. */
export function BinaryPanels({ versions }: { readonly versions: readonly Named[] }) {
  const names = namesOf(versions);
  const [first] = versions;
  return (
    <>
      <Panel title="ROC on the test rows">
        <Chart
          label={`ROC curve of ${names}`}
          x={{ name: "false positive rate", ...UNIT }}
          y={{ name: "true positive rate", ...UNIT }}
          series={versions.map(({ name, plots: { curves } }) => ({
            name,
            ...pointsOf(curves.cuts, (cut) => [fallOutOf(cut, curves), recallOf(cut, curves)]),
          }))}
          ideal={RISING}
        />
      </Panel>
      <Panel title="Precision and recall on the test rows">
        <Chart
          label={`Precision by recall of ${names}`}
          x={{ name: "recall", ...UNIT }}
          y={{ name: "precision", ...UNIT }}
          series={versions.map(({ name, plots: { curves } }) => ({
            name,
            ...pointsOf(
              curves.cuts.filter((cut) => precisionOf(cut) !== undefined),
              (cut) => [recallOf(cut, curves), precisionOf(cut) ?? 0],
            ),
          }))}
        />
      </Panel>
      <Panel title="Calibration on the test rows">
        <Chart
          label={`Observed rate by predicted probability of ${names}`}
          x={{ name: "predicted probability", ...UNIT }}
          y={{ name: "observed rate", ...UNIT }}
          series={versions.map(({ name, plots: { calibration } }) => ({
            name,
            points: calibration.map(({ meanProbability, observedRate }) => [meanProbability, observedRate] as const),
            notes: calibration.map(({ rows }) => `rows: ${rows}`),
          }))}
          ideal={RISING}
        />
      </Panel>
      {versions.length === 1 && first !== undefined ? (
        <>
          <ScorePanel scores={first.plots.scores} />
          <Confusion plots={first.plots} />
        </>
      ) : null}
    </>
  );
}

function pointsOf(cuts: readonly Cut[], place: (cut: Cut) => readonly [number, number]) {
  return { points: cuts.map(place), notes: cuts.map(({ threshold }) => `threshold: ${Number(threshold.toFixed(3))}`) };
}

/** How often each probability is given to rows of either label. */
function ScorePanel({ scores }: Pick<BinaryPlots, "scores">) {
  const line = (name: "positives" | "negatives") => {
    const all = scores.reduce((sum, bin) => sum + bin[name], 0);
    return {
      name: name.replace(/s$/, " rows"),
      points: scores.map((bin) => [(bin.from + bin.to) / 2, bin[name] / Math.max(1, all)] as const),
      notes: scores.map((bin) => `rows: ${bin[name]}`),
    };
  };
  return (
    <Panel title="Predictions by label">
      <Chart
        label="Share of each label's test rows by predicted probability"
        x={{ name: "predicted probability", ...UNIT }}
        y={{ name: "share of rows", min: 0 }}
        series={[line("negatives"), line("positives")]}
      />
    </Panel>
  );
}
