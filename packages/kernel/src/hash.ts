import { createHash } from "node:crypto";

/** SHA-256 of a value's canonical JSON (keys sorted, undefined left out), as 64 hex digits. */
export function contentHash(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

/** JSON with sorted keys, so that equal values give equal bytes. Functions are taken by their source text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === "function") return `ƒ ${inner.toString()}`;
    if (typeof inner === "bigint") return `${inner}n`;
    if (inner === null || typeof inner !== "object" || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}
