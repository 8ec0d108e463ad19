import type { Prediction } from "@millwright/client";
import { textTable } from "@millwright/platform";

type Explanation = NonNullable<Prediction["explanation"]>;

const SCALES: Readonly<Record<Explanation["scale"], string>> = {
  log_odds: "log odds",
  number: "the number",
  score: "the class's score",
};
const BAR_WIDTH = 24;

/** An answer for a person: its fields, and below them what each feature added, the largest first, with a bar. */
export function predictionText({ explanation, ...answer }: Prediction): string {
  const fields = JSON.stringify(answer, null, 2);
  return explanation === undefined ? fields : `${fields}\n\n${explanationText(explanation)}`;
}

function explanationText({ scale, class: called, base, contributions }: Explanation): string {
  const largest = Math.max(...contributions.map(({ contribution }) => Math.abs(contribution)), Number.MIN_VALUE);
  const whole = contributions.reduce((sum, { contribution }) => sum + contribution, base);
  const rows = contributions.map(({ feature, value, contribution }) => [
    feature,
    value === null ? "missing" : String(value),
    signed(contribution),
    (contribution < 0 ? "-" : "+").repeat(Math.round((Math.abs(contribution) / largest) * BAR_WIDTH)),
  ]);
  const of = called === undefined ? SCALES[scale] : `${SCALES[scale]}, ${String(called)}`;
  return `${of}: ${base.toFixed(4)} on average, ${whole.toFixed(4)} here\n${textTable(["feature", "value", "adds", ""], rows)}`;
}

function signed(value: number): string {
  return `${value < 0 ? "" : "+"}${value.toFixed(4)}`;
}
