// Iceberg's snapshot ids and sequence numbers have 64 bits. JSON.parse would round those beyond 2^53.

/** What the language has and the compiler's library does not describe yet. */
const exact = JSON as unknown as {
  rawJSON(text: string): object;
  parse(text: string, revive: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
};

/** Reads JSON; an integer beyond 2^53 becomes a bigint, any other number what JSON.parse makes of it. */
export function parseExactJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return exact.parse(text, (_key, value, { source }) => {
    if (typeof value !== "number" || Number.isSafeInteger(value) || source === undefined) return value;
    return /^-?\d+$/.test(source) ? BigInt(source) : value;
  });
}

/** Writes JSON; a bigint becomes the number it is. */
export function printExactJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "bigint" ? exact.rawJSON(inner.toString()) : inner,
  );
}
