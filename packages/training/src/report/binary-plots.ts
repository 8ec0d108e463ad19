import type { PartJudgement, Plots } from "../judgement/judgement.ts";
import type { Cut, Curves } from "../judgement/sweep.ts";
import { markup, type Markup } from "@millwright/platform";
import { figurePanel } from "./panels.ts";
import { plot, type PlotLine } from "./plot.ts";
import { count, figure, percent } from "./words.ts";

type BinaryPlots = Extract<Plots, { readonly kind: "binary" }>;

export interface BinaryPart {
  readonly plots: BinaryPlots;
  readonly metrics: PartJudgement["metrics"];
}

const UNIT = { min: 0, max: 1 } as const;
const RISING = [
  [0, 0],
  [1, 1],
] as const;

/** The plots of a yes or no: how it ranks, whether its probabilities mean what they say, what a threshold comes to. */
export function binaryPanels({ plots, metrics }: BinaryPart): readonly Markup[] {
  const { curves, chosen, calibration, scores } = plots;
  const { positives, negatives } = curves;
  const at = `at the threshold ${chosen.threshold.toFixed(3)}`;
  const rates = { x: chosen.falsePositives / Math.max(1, negatives), y: chosen.truePositives / Math.max(1, positives) };
  return [
    figurePanel({
      title: "ROC curve",
      aside: `AUC ${figure(metrics.auc)}`,
      drawing: plot({
        label: `ROC curve, area ${figure(metrics.auc)}`,
        x: { name: "false positive rate", ...UNIT },
        y: { name: "true positive rate", ...UNIT },
        lines: [rocLine(curves)],
        ideal: RISING,
        mark: { ...rates, note: `${at}: ${percent(rates.y)} found, ${percent(rates.x)} false alarms` },
      }),
    }),
    figurePanel({
      title: "Precision and recall",
      aside: `average precision ${figure(metrics.average_precision)}`,
      drawing: plot({
        label: `Precision by recall, average precision ${figure(metrics.average_precision)}`,
        x: { name: "recall", ...UNIT },
        y: { name: "precision", ...UNIT },
        lines: [precisionLine(curves)],
        ideal: [
          [0, metrics.base_rate ?? 0],
          [1, metrics.base_rate ?? 0],
        ],
        mark: { x: metrics.recall ?? 0, y: metrics.precision ?? 0, note: at },
      }),
    }),
    figurePanel({
      title: "Calibration",
      aside: `expected error ${figure(metrics.calibration_error)}`,
      drawing: plot({
        label: `Observed rate by predicted probability, expected error ${figure(metrics.calibration_error)}`,
        x: { name: "predicted probability", ...UNIT },
        y: { name: "observed rate", ...UNIT },
        lines: [
          {
            name: "observed",
            points: calibration.map(({ meanProbability, observedRate }) => [meanProbability, observedRate] as const),
            notes: calibration.map(
              ({ meanProbability, observedRate, rows }) =>
                `${count(rows)} rows: ${percent(meanProbability)} predicted, ${percent(observedRate)} observed`,
            ),
          },
        ],
        ideal: RISING,
      }),
    }),
    scorePanel(scores),
    confusionPanel({ chosen, curves, metrics, at }),
  ];
}

function rocLine({ cuts, positives, negatives }: Curves): PlotLine {
  const points = cuts.map(
    ({ truePositives, falsePositives }) =>
      [falsePositives / Math.max(1, negatives), truePositives / Math.max(1, positives)] as const,
  );
  return { name: "version", points };
}

function precisionLine({ cuts, positives }: Curves): PlotLine {
  const points = cuts
    .filter(({ truePositives, falsePositives }) => truePositives + falsePositives > 0)
    .map(
      ({ truePositives, falsePositives }) =>
        [truePositives / Math.max(1, positives), truePositives / (truePositives + falsePositives)] as const,
    );
  return { name: "version", points };
}

function scorePanel(scores: BinaryPlots["scores"]): Markup {
  const sum = (name: "positives" | "negatives") =>
    Math.max(
      1,
      scores.reduce((all, bin) => all + bin[name], 0),
    );
  const [positives, negatives] = [sum("positives"), sum("negatives")];
  const bars = (name: "positives" | "negatives", all: number) =>
    scores.map((bin) => ({
      from: bin.from,
      to: bin.to,
      height: bin[name] / all,
      note: `${count(bin[name])} ${name} of ${bin.from.toFixed(3)} to ${bin.to.toFixed(3)}`,
    }));
  const [no, yes] = [bars("negatives", negatives), bars("positives", positives)];
  const highest = Math.max(...[...no, ...yes].map(({ height }) => height));
  return figurePanel({
    title: "Predictions by label",
    aside: "share of each label's rows",
    drawing: plot({
      label: "How often each probability is predicted, for rows of either label",
      x: { name: "predicted probability", ...UNIT },
      y: { name: "share of rows", min: 0, max: highest },
      bars: [
        { name: "negative", bars: no },
        { name: "positive", bars: yes },
      ],
    }),
  });
}

interface ConfusionPanel {
  readonly chosen: Cut;
  readonly curves: Curves;
  readonly metrics: PartJudgement["metrics"];
  readonly at: string;
}

function confusionPanel({ chosen, curves, metrics, at }: ConfusionPanel): Markup {
  const { truePositives, falsePositives } = chosen;
  const [missed, rejected] = [curves.positives - truePositives, curves.negatives - falsePositives];
  const cell = (rows: number, all: number, kind: string) =>
    markup`<td class="${kind}"><b>${count(rows)}</b><span>${percent(rows / Math.max(1, all))}</span></td>`;
  return figurePanel({
    title: "Confusion",
    aside: at,
    drawing: markup`<table class="confusion"><thead><tr><th></th><th scope="col">called positive</th><th scope="col">called negative</th></tr></thead><tbody>
<tr><th scope="row">positive</th>${cell(truePositives, curves.positives, "right")}${cell(missed, curves.positives, "wrong")}</tr>
<tr><th scope="row">negative</th>${cell(falsePositives, curves.negatives, "wrong")}${cell(rejected, curves.negatives, "right")}</tr></tbody></table>
<p class="note">Precision ${figure(metrics.precision)}, recall ${figure(metrics.recall)}, F1 ${figure(metrics.f1)}.</p>`,
  });
}
