const SHORT_NAMES: Readonly<Record<string, string>> = { auc: "AUC", f1: "F1", rmse: "RMSE", mae: "MAE", r2: "R²" };

/** A metric's name as people write it. */
export function metricTitle(name: string): string {
  return SHORT_NAMES[name] ?? name.replaceAll("_", " ").replace(/f1$/, "F1");
}

export function count(value: number): string {
  return value.toLocaleString("en-US");
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** A metric's value: four places, or four figures where it is large. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (Number.isInteger(value)) return count(value);
  return Math.abs(value) < 100 ? value.toFixed(4) : value.toLocaleString("en-US", { maximumFractionDigits: 1 });
}

export function time(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
