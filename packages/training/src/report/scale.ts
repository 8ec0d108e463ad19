/** A straight scale from values to places of a drawing. */
export interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
  tell(tick: number): string;
}

export interface ScaleRange {
  readonly min: number;
  readonly max: number;
  readonly from: number;
  readonly to: number;
}

const TICKS = 5;

/** Ticks at 1, 2 or 5 times a power of ten. */
export function scaleOf({ min, max, from, to }: ScaleRange): Scale {
  const span = max > min ? max - min : Math.abs(min) || 1;
  const raw = span / TICKS;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5].find((times) => times * power >= raw * 0.999) ?? 10) * power;
  const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(min / step - 1e-9);
  const count = Math.floor((min + span) / step + 1e-9) - first + 1;
  const large = Math.max(Math.abs(min), Math.abs(max)) >= 10_000;
  return {
    ticks: Array.from({ length: count }, (_, index) => (first + index) * step),
    at: (value) => Number((from + ((value - min) / span) * (to - from)).toFixed(2)),
    tell: (tick) =>
      large
        ? Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 }).format(tick)
        : tick.toFixed(places),
  };
}
