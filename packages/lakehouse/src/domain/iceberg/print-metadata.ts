import { printExactJson } from "./exact-json.ts";

// A table's snapshots are printed again with each commit and never change: what each prints to is kept with it.
const printed = new WeakMap<object, string>();

/** The bytes of a metadata file. What has been printed before costs a copy. */
export function printMetadata(metadata: object): Uint8Array {
  const fields = Object.entries(metadata).flatMap(([name, value]: [string, unknown]) =>
    value === undefined ? [] : [`${JSON.stringify(name)}:${LISTS.has(name) ? listText(value) : printExactJson(value)}`],
  );
  return Buffer.from(`{${fields.join(",")}}`);
}

const LISTS: ReadonlySet<string> = new Set(["snapshots", "snapshot-log", "metadata-log"]);

function listText(value: unknown): string {
  return `[${(value as readonly object[]).map(textOf).join(",")}]`;
}

function textOf(item: object): string {
  const known = printed.get(item);
  if (known !== undefined) return known;
  const text = printExactJson(item);
  printed.set(item, text);
  return text;
}
