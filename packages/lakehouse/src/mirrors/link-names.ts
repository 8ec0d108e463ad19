import { createHash } from "node:crypto";

const SEPARATOR = "\u001f";
const LENGTH_MAX = 180;

/** A hash of what a name is made of, hexadecimal. */
export function shortHash(...parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32);
}

/** The folder of a table's mirror, unlike any other table's and never within it. */
export function mirrorFolder(format: string, key: string): string {
  const plain = (part: string) =>
    part.replaceAll(/[^A-Za-z0-9_-]/g, (character) => `~${Buffer.from(character).toString("hex")}`);
  const name = key.split(SEPARATOR).map(plain).join(".");
  const short = name.length <= LENGTH_MAX ? name : `${name.slice(0, LENGTH_MAX - 33)}~${shortHash(key)}`;
  return `mirrors/${format}/${short}`;
}
