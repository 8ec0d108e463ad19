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

function isSame(a: RawDefinition, b: RawDefinition): boolean {
  return a.exportName === b.exportName && JSON.stringify(a.data) === JSON.stringify(b.data);
}
