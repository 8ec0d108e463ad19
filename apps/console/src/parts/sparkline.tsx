/** The last durations of a step as small bars, the newest at the right. */
export function Sparkline({
  values,
  width = 32,
  height = 14,
}: {
  readonly values: readonly number[];
  readonly width?: number;
  readonly height?: number;
}) {
  if (values.length < 2) return null;
  const shown = values.slice(-Math.floor(width / 4));
  const most = Math.max(...shown, 1);
  return (
    <svg className="sparkline" width={width} height={height} aria-hidden>
      {shown.map((value, index) => {
        const tall = Math.max(1.5, (value / most) * height);
        const x = width - (shown.length - index) * 4;
        return <rect key={index} x={x} y={height - tall} width={3} height={tall} rx={0.5} fill="currentColor" />;
      })}
    </svg>
  );
}
