import type { CalibrationBin } from "./details.ts";

const SIZE = { width: 360, height: 220, left: 40, bottom: 34, top: 8, right: 10 } as const;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

const x = (value: number) => SIZE.left + value * (SIZE.width - SIZE.left - SIZE.right);
const y = (value: number) => SIZE.height - SIZE.bottom - value * (SIZE.height - SIZE.bottom - SIZE.top);

/** Predicted against observed: on the dashed line, what is said is what happens. A dot's size grows with its rows. */
export function CalibrationPlot({ bins }: { readonly bins: readonly CalibrationBin[] }) {
  if (bins.length === 0) return <p className="muted">No calibration was recorded for this version.</p>;
  const most = Math.max(...bins.map(({ rows }) => rows));
  const line = bins.map(({ meanProbability, observedRate }) => `${x(meanProbability)},${y(observedRate)}`).join(" ");
  return (
    <svg
      className="chart"
      viewBox={`0 0 ${SIZE.width} ${SIZE.height}`}
      role="img"
      aria-label="Predicted probability against observed rate"
    >
      <line className="ideal" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
      <line className="axis" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(0)} />
      <line className="axis" x1={x(0)} y1={y(0)} x2={x(0)} y2={y(1)} />
      {TICKS.map((tick) => (
        <g key={tick}>
          <text x={x(tick)} y={y(0) + 14} textAnchor="middle">
            {tick}
          </text>
          <text x={x(0) - 6} y={y(tick) + 4} textAnchor="end">
            {tick}
          </text>
        </g>
      ))}
      <text x={x(0.5)} y={SIZE.height - 4} textAnchor="middle">
        predicted probability
      </text>
      <polyline className="mark" points={line} />
      {bins.map(({ meanProbability, observedRate, rows }) => (
        <circle
          key={meanProbability}
          className="dot"
          cx={x(meanProbability)}
          cy={y(observedRate)}
          r={2 + 3 * Math.sqrt(rows / most)}
        >
          <title>{`said ${meanProbability.toFixed(3)}, happened ${observedRate.toFixed(3)}, ${rows} rows`}</title>
        </circle>
      ))}
    </svg>
  );
}
