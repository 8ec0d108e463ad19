/** Reading of parsed YAML, whose values may be anything. */
export type Plain = Readonly<Record<string, unknown>>;

export function recordOf(value: unknown): Plain {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Plain) : {};
}

export function isRecord(value: unknown): value is Plain {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

export function recordsOf(value: unknown): readonly Plain[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

/** A text, or a number or boolean as the file wrote it; else the fallback. */
export function textOf(value: unknown, fallback = ""): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : fallback;
}

export function textOrNull(value: unknown): string | null {
  return value === undefined || value === null ? null : textOf(value, "") || null;
}

/** A list of texts; one text alone is a list of one. */
export function textsOf(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.map((item) => textOf(item)) : [textOf(value)];
}
