import type { ManifestFile } from "./domain/iceberg/manifest-list.ts";
import type { IcebergMetadata, IcebergSnapshot, PartitionSpec } from "./domain/iceberg/metadata.ts";
import type { LiveFile } from "./domain/iceberg/scan.ts";
import type { PackedManifest } from "./domain/planning/packed-manifest.ts";
import type { Predicate } from "./domain/planning/predicate.ts";
import { mayBeInManifest, selectFiles } from "./domain/planning/select-files.ts";
import type { ManifestCache } from "./manifest-cache.ts";

const DATA = 0;
const READ_AT_ONCE = 8;

export interface PlannedFiles {
  /** Data files that may have a row that fulfils the filter, and the deletes of their partitions. */
  readonly files: readonly LiveFile[];
  readonly planned: number;
  /** How many data files the snapshot has. */
  readonly total: number;
}

/**
 * The files of a snapshot that a filtered scan must open: by what the manifest list says of each manifest's partitions,
 * by the partition of each file, by the bounds and null counts of its columns.
 */
export async function planFiles(
  cache: ManifestCache,
  told: { readonly metadata: IcebergMetadata; readonly snapshot: IcebergSnapshot; readonly filter: Predicate },
): Promise<PlannedFiles> {
  const { metadata, snapshot, filter } = told;
  const specs = new Map(metadata["partition-specs"].map((spec) => [spec["spec-id"], spec]));
  const list = await cache.list(snapshot["manifest-list"]);
  const asked = list.filter(({ partition_spec_id: specId, partitions }) =>
    mayBeInManifest(filter, { spec: specs.get(specId), summaries: partitions ?? [] }),
  );
  const files: LiveFile[] = [];
  for (let start = 0; start < asked.length; start += READ_AT_ONCE) {
    const some = asked.slice(start, start + READ_AT_ONCE);
    const packed = await Promise.all(some.map((manifest) => cache.manifest(manifest)));
    for (const [index, manifest] of some.entries()) {
      const own = packed[index];
      if (own !== undefined) files.push(...filesIn(own, manifest, { filter, specs }));
    }
  }
  const planned = files.filter(({ file }) => file.content === DATA).length;
  return { files, planned, total: totalOf(list) };
}

/** How many data files a snapshot has. */
export async function countFiles(cache: ManifestCache, snapshot: IcebergSnapshot): Promise<number> {
  return totalOf(await cache.list(snapshot["manifest-list"]));
}

function totalOf(list: readonly ManifestFile[]): number {
  return list
    .filter(({ content }) => content === DATA)
    .reduce((sum, { added_files_count: added, existing_files_count: existing }) => sum + added + existing, 0);
}

function filesIn(
  manifest: PackedManifest,
  { partition_spec_id: specId }: ManifestFile,
  told: { readonly filter: Predicate; readonly specs: ReadonlyMap<number, PartitionSpec> },
): readonly LiveFile[] {
  const found = selectFiles(told.filter, { manifest, spec: told.specs.get(specId) });
  return found.flatMap((index) => {
    const file = manifest.files[index];
    if (file === undefined) return [];
    const { sequenceNumber, whole } = file;
    if (whole !== undefined) return [{ file: whole, sequenceNumber, specId }];
    const data = {
      content: DATA,
      file_path: file.path,
      file_format: file.format,
      partition: manifest.partitions[file.partition] ?? {},
      record_count: file.rows,
      file_size_in_bytes: file.fileBytes,
      column_sizes: null,
      value_counts: null,
      null_value_counts: null,
      lower_bounds: null,
      upper_bounds: null,
      sort_order_id: null,
    };
    return [{ file: data, sequenceNumber, specId }];
  });
}
