import type { ChartProps } from "./drawn-chart.tsx";
import { later } from "./later.tsx";

const HEIGHT = 240;
const DrawnChart = later(async () => (await import("./drawn-chart.tsx")).DrawnChart);

/** A plot. What draws it is loaded when the first one is shown. */
export function Chart(props: ChartProps) {
  return (
    <div style={{ minHeight: props.height ?? HEIGHT }}>
      <DrawnChart {...props} />
    </div>
  );
}
