const SHORT_NAMES: Readonly<Record<string, string>> = { auc: "AUC", f1: "F1", rmse: "RMSE", mae: "MAE", r2: "R²" };

/** A metric's name as people write it. */
export function metricTitle(name: string): string {
  return SHORT_NAMES[name] ?? name.replaceAll("_", " ").replace(/f1$/, "F1");
}

const SMALLER_IS_BETTER: ReadonlySet<string> = new Set(["log_loss", "brier", "calibration_error", "rmse", "mae"]);
const NEITHER_IS_BETTER: ReadonlySet<string> = new Set(["rows", "base_rate"]);

/** Whether a metric that grew by so much is better for it: undefined where that says nothing. */
export function isBetter(metric: string, difference: number): boolean | undefined {
  if (difference === 0 || NEITHER_IS_BETTER.has(metric)) return undefined;
  return SMALLER_IS_BETTER.has(metric) === difference < 0;
}

/** A metric's value: four places, or whole where it is a count. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  return Math.abs(value) < 100 ? value.toFixed(4) : value.toLocaleString("en-US", { maximumFractionDigits: 1 });
}
