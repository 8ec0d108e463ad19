import type { LearningCurve, PartJudgement, Plots } from "../judgement/judgement.ts";
import { markup, table, type Markup } from "@millwright/platform";
import { figurePanel } from "./panels.ts";
import { plot } from "./plot.ts";
import { count, figure, percent } from "./words.ts";

/** The plots of a predicted number: how far off, and whether like predictions are right in the mean. */
export function numberPanels(
  { residuals, fitted }: Extract<Plots, { readonly kind: "squared" }>,
  metrics: PartJudgement["metrics"],
): readonly Markup[] {
  const ends = fitted.flatMap(({ predicted, actual }) => [predicted, actual]);
  const [min, max] = [Math.min(...ends), Math.max(...ends)];
  return [
    figurePanel({
      title: "Predicted and actual",
      aside: `R² ${figure(metrics.r2)}`,
      drawing: plot({
        label: "Mean of the actual numbers by mean prediction, as many rows in each point",
        x: { name: "mean prediction", min, max },
        y: { name: "mean of the actual", min, max },
        lines: [
          {
            name: "rows",
            points: fitted.map(({ predicted, actual }) => [predicted, actual] as const),
            notes: fitted.map(
              ({ rows, predicted, actual }) =>
                `${count(rows)} rows: ${figure(predicted)} predicted, ${figure(actual)} actual`,
            ),
          },
        ],
        ideal: [
          [min, min],
          [max, max],
        ],
      }),
    }),
    figurePanel({
      title: "How far off",
      aside: `RMSE ${figure(metrics.rmse)}`,
      drawing: plot({
        label: "Histogram of prediction less actual",
        x: { name: "prediction less actual", min: residuals[0]?.from ?? 0, max: residuals.at(-1)?.to ?? 1 },
        y: { name: "rows", min: 0, max: Math.max(1, ...residuals.map(({ rows }) => rows)) },
        bars: [
          {
            name: "rows",
            bars: residuals.map(({ from, to, rows }) => ({
              from,
              to,
              height: rows,
              note: `${count(rows)} rows off by ${figure(from)} to ${figure(to)}`,
            })),
          },
        ],
      }),
    }),
  ];
}

/** The plots of several classes: which is taken for which, and each one's rates. */
export function classPanels({ rates, confusion }: Extract<Plots, { readonly kind: "softmax" }>): readonly Markup[] {
  const rate = (value: number | null) => (value === null ? "–" : percent(value));
  return [
    figurePanel({
      title: "Confusion",
      aside: "share of each class's rows, by the class that was called",
      drawing: markup`<div class="wide"><table class="heat"><thead><tr><th></th>${rates.map(({ name }) => markup`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rates.map(
        ({ name, rows }, own) =>
          markup`<tr><th scope="row">${name}</th>${(confusion[own] ?? []).map((called, other) =>
            heatCell(called, { rows, kind: own === other ? "right" : "wrong" }),
          )}</tr>`,
      )}</tbody></table></div>`,
    }),
    figurePanel({
      title: "Each class",
      drawing: table({
        head: ["class", "rows", "called", "precision", "recall", "F1"],
        numbersFrom: 1,
        rows: rates.map(({ name, rows, called, precision, recall, f1 }) => [
          name,
          count(rows),
          count(called),
          rate(precision),
          rate(recall),
          rate(f1),
        ]),
      }),
    }),
  ];
}

const SHADES = 10;

function heatCell(called: number, { rows, kind }: { readonly rows: number; readonly kind: string }): Markup {
  const share = called / Math.max(1, rows);
  return markup`<td class="${kind} h${Math.ceil(share * SHADES)}" title="${count(called)} rows">${called === 0 ? "" : percent(share)}</td>`;
}

/** How the loss fell while trees were added; where the two lines part, the trees learn the rows by heart. */
export function learningPanel({ loss, rows, points }: LearningCurve): Markup {
  const losses = points.flatMap(({ train, validation }) => [train, validation]);
  const line = (name: "train" | "validation", title: string) => ({
    name: title,
    points: points.map((point) => [point.trees, point[name]] as const),
  });
  return figurePanel({
    title: "Learning curve",
    aside: `${loss} on ${count(rows)} sampled rows`,
    drawing: plot({
      label: `${loss} by number of trees, on rows that were learned from and on validation rows`,
      x: { name: "trees", min: 0, max: points.at(-1)?.trees ?? 1 },
      y: { name: loss, min: Math.min(...losses), max: Math.max(...losses) },
      lines: [line("train", "learned from"), line("validation", "validation")],
    }),
  });
}
