const SHOWN_MAX = 20;

/** The last durations of a step as bars along the foot of its box, the newest at the right. */
export function Sparkline({ values }: { readonly values: readonly number[] }) {
  if (values.length < 2) return null;
  const shown = values.slice(-SHOWN_MAX);
  const most = Math.max(...shown, 1);
  const from = SHOWN_MAX - shown.length;
  return (
    <svg className="sparkline" viewBox={`0 0 ${SHOWN_MAX} 1`} preserveAspectRatio="none" aria-hidden>
      {shown.map((value, index) => {
        const tall = Math.max(0.1, value / most);
        return <rect key={index} x={from + index + 0.15} y={1 - tall} width={0.7} height={tall} fill="currentColor" />;
      })}
    </svg>
  );
}
