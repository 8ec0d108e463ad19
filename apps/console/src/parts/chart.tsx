import { lazy, Suspense } from "react";
import type { ChartProps } from "./drawn-chart.tsx";

const DrawnChart = lazy(async () => ({ default: (await import("./drawn-chart.tsx")).DrawnChart }));

/** A plot. What draws it is loaded when the first one is shown. */
export function Chart(props: ChartProps) {
  return (
    <Suspense fallback={<div style={{ height: props.height ?? 240 }} />}>
      <DrawnChart {...props} />
    </Suspense>
  );
}
