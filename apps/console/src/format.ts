const whole = new Intl.NumberFormat("en-US");
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : whole.format(value);
}

/** `1 file`, `2,000 files`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${whole.format(value)} ${value === 1 ? one : many}`;
}

/** `+12`, `-3`, `0`. */
export function signedCount(value: number): string {
  return value > 0 ? `+${whole.format(value)}` : whole.format(value === 0 ? 0 : value);
}

/** `2.9M`, for where there is little room. */
export function shortCount(value: number): string {
  return compact.format(value);
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3));
  const size = value / 1_000 ** power;
  return `${size < 10 && power > 0 ? size.toFixed(1) : size.toFixed(0)} ${units[power] ?? "B"}`;
}

export function duration(milliseconds: number | null | undefined): string {
  if (milliseconds === null || milliseconds === undefined) return "–";
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 9_950) return `${(milliseconds / 1_000).toFixed(1)} s`;
  if (milliseconds < 59_500) return `${Math.round(milliseconds / 1_000)} s`;
  const seconds = Math.round(milliseconds / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `130 s` rather than `2 min 10 s`, where there is little room. */
export function shortDuration(milliseconds: number | null): string {
  const isMinutes = milliseconds !== null && milliseconds >= 60_000 && milliseconds < 600_000;
  return isMinutes ? `${Math.round(milliseconds / 1_000)} s` : duration(milliseconds);
}

/** `3 min`, where there is little room to say how long ago. */
export function shortAgo(atMs: number, nowMs: number): string {
  return ago(atMs, nowMs).replace(" ago", "").replace("just now", "now");
}

/** How long ago, in words. */
export function ago(atMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - atMs) / 1_000));
  if (seconds < 45) return "just now";
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3_600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}

export function exactTime(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replace("T", " ").concat(" UTC");
}

export function fixed(value: unknown, digits = 4): string {
  return typeof value === "number" ? value.toFixed(digits) : "–";
}

export function percent(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}

/** A value of a table as one line of text. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return "∅";
  return typeof value === "string" ? value : JSON.stringify(value);
}
