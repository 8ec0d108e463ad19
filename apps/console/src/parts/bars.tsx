interface BarsProps {
  /** Oldest first. */
  readonly bars: readonly { readonly value: number; readonly title: string }[];
}

/** A few numbers in their order as bars from nothing; each says its own on hover. */
export function Bars({ bars }: BarsProps) {
  const most = Math.max(...bars.map(({ value }) => value), 1);
  return (
    <div className="bars">
      {bars.map(({ value, title }, index) => (
        <i key={index} style={{ height: `${(value / most) * 100}%` }} title={title} />
      ))}
    </div>
  );
}
