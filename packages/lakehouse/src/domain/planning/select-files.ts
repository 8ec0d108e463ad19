import type { FieldSummary } from "../iceberg/manifest-list.ts";
import type { PartitionField, PartitionSpec } from "../iceberg/metadata.ts";
import { partitionValueOf } from "../iceberg/partition-record.ts";
import { rangeInFile } from "./file-ranges.ts";
import type { PackedManifest } from "./packed-manifest.ts";
import { rangeOfPartition, rangeOfSummary } from "./partition-ranges.ts";
import { columnsOf, mayHold, type PlanColumn, type Predicate } from "./predicate.ts";
import { ANYTHING, intersect, type Range } from "./ranges.ts";

type Ranges = (column: PlanColumn) => Range;

/** Whether a manifest may have a file with a row that fulfils the filter, by what its list says of its partitions. */
export function mayBeInManifest(
  filter: Predicate,
  { spec, summaries }: { readonly spec: PartitionSpec | undefined; readonly summaries: readonly FieldSummary[] },
): boolean {
  if (spec === undefined || summaries.length !== spec.fields.length) return true;
  return mayHold(
    filter,
    rangesBy(spec, filter, (field, type, place) => {
      const told = summaries[place];
      return told === undefined ? ANYTHING : rangeOfSummary(field, type, told);
    }),
  );
}

/** The places in a manifest of the files that may have a row that fulfils the filter: by partition, then by bounds. */
export function selectFiles(
  filter: Predicate,
  { manifest, spec }: { readonly manifest: PackedManifest; readonly spec: PartitionSpec | undefined },
): readonly number[] {
  const byPartition = manifest.partitions.map((partition): Ranges | undefined => {
    const isWhole = spec !== undefined && Object.keys(partition).length === spec.fields.length;
    const ranges = isWhole
      ? rangesBy(spec, filter, (field, type, place) => rangeOfPartition(field, type, valueAt(partition, field, place)))
      : () => ANYTHING;
    return mayHold(filter, ranges) ? ranges : undefined;
  });
  const asked = new Set(columnsOf(filter).map(({ fieldId }) => fieldId));
  const hasStatistics = [...asked].some((id) => manifest.columns.has(id));
  const found: number[] = [];
  for (const [index, file] of manifest.files.entries()) {
    const ranges = byPartition[file.partition];
    if (ranges === undefined) continue;
    const isThere =
      !hasStatistics ||
      mayHold(filter, (column) => {
        const { fieldId, type } = column;
        return intersect(ranges(column), rangeInFile(manifest.columns.get(fieldId), { index, file, type }));
      });
    if (isThere) found.push(index);
  }
  return found;
}

/** By the field's name; by its place where another writer calls it otherwise in the file. */
function valueAt(partition: object, field: PartitionField, place: number): unknown {
  const named = partitionValueOf(field, partition);
  return named === undefined ? (Object.values(partition) as readonly unknown[])[place] : named;
}

/** What a spec's fields say of the filter's columns, reckoned once. */
function rangesBy(
  spec: PartitionSpec,
  filter: Predicate,
  rangeOf: (field: PartitionField, type: string, place: number) => Range,
): Ranges {
  const ranges = new Map<number, Range>();
  for (const { fieldId, type } of columnsOf(filter)) {
    if (ranges.has(fieldId)) continue;
    let range = ANYTHING;
    for (const [place, field] of spec.fields.entries())
      if (field["source-id"] === fieldId) range = intersect(range, rangeOf(field, type, place));
    ranges.set(fieldId, range);
  }
  return ({ fieldId }) => ranges.get(fieldId) ?? ANYTHING;
}
