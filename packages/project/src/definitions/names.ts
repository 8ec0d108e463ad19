import { projectErrors } from "../errors.ts";
import type { RawDefinition } from "./reader-protocol.ts";

/** A name is unique in its kind; two of one name are told with both places. */
export function refuseDuplicates(definitions: readonly RawDefinition[]): void {
  const seen = new Map<string, RawDefinition>();
  for (const definition of definitions) {
    const key = `${definition.kind}\u0000${definition.name}`;
    const other = seen.get(key);
    if (other !== undefined && !isSame(definition, other)) {
      throw projectErrors.create("project/duplicate-name", {
        because: `${place(other)} and ${place(definition)} both define the ${kindInWords(definition.kind)} ${definition.name}`,
        where: { file: definition.file, line: definition.line },
        details: { places: [place(other), place(definition)] },
      });
    }
    seen.set(key, definition);
  }
}

/** One definition seen twice is one definition: a file may export again what it imports. */
export function withoutRepeats(definitions: readonly RawDefinition[]): readonly RawDefinition[] {
  const kept = new Map<string, RawDefinition>();
  for (const definition of definitions) {
    const key = `${definition.kind}\u0000${definition.name}`;
    if (!kept.has(key)) kept.set(key, definition);
  }
  return [...kept.values()];
}

export function place({ file, line }: { readonly file: string; readonly line: number }): string {
  return `${file}:${line}`;
}

function kindInWords(kind: string): string {
  return kind.replaceAll("_", " ");
}

/** The known name nearest to a mistyped one by edit distance, when one is near enough to be meant. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substituted, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

function isSame(a: RawDefinition, b: RawDefinition): boolean {
  return a.exportName === b.exportName && JSON.stringify(a.data) === JSON.stringify(b.data);
}
