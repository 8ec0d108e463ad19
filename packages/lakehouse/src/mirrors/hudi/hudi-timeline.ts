import { crc32 } from "node:zlib";
import type { ObjectStore } from "../../ports.ts";

// Hudi's table version 6 (https://hudi.apache.org/tech-specs/), whose timeline lies in `.hoodie`, its commits in JSON. An
// instant is requested, then inflight, then completed by the file that has its name and action alone.

type HudiAction = "commit" | "replacecommit";

/** A completed commit. */
export interface HudiInstant {
  /** In UTC: yyyyMMddHHmmssSSS. */
  readonly time: string;
  readonly action: HudiAction;
}

export interface HudiWriteStat {
  readonly fileId: string;
  /** Relative to the table. */
  readonly path: string;
  readonly prevCommit: "null";
  readonly numWrites: number;
  readonly numDeletes: number;
  readonly numUpdateWrites: number;
  readonly numInserts: number;
  readonly totalWriteBytes: number;
  readonly totalWriteErrors: number;
  readonly partitionPath: string;
  readonly fileSizeInBytes: number;
}

export interface HudiCommit {
  readonly partitionToWriteStats: Readonly<Record<string, readonly HudiWriteStat[]>>;
  readonly partitionToReplaceFileIds?: Readonly<Record<string, readonly string[]>>;
  readonly compacted: boolean;
  readonly extraMetadata: Readonly<Record<string, string>>;
  readonly operationType: string;
}

const COMPLETED = /^(\d{17})\.(commit|replacecommit)$/;
const PENDING = /^(\d{17})\.(?:commit\.requested|inflight|replacecommit\.requested|replacecommit\.inflight)$/;

export function timelineOf(folder: string): string {
  return `${folder}/.hoodie`;
}

/** The completed commits, oldest first. */
export async function completedInstants(store: ObjectStore, folder: string): Promise<readonly HudiInstant[]> {
  return (await store.namesIn(timelineOf(folder))).flatMap((name) => {
    const [, time, action] = COMPLETED.exec(name) ?? [];
    return time === undefined ? [] : [{ time, action: action as HudiAction }];
  });
}

/** The instants that were begun and never completed, with the files they were begun in. */
export async function pendingInstants(
  store: ObjectStore,
  folder: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = await store.namesIn(timelineOf(folder));
  const done = new Set(names.flatMap((name) => COMPLETED.exec(name)?.[1] ?? []));
  const pending = names.flatMap((name) => {
    const time = PENDING.exec(name)?.[1];
    return time === undefined || done.has(time) ? [] : [{ time, name }];
  });
  return new Map(
    [...Map.groupBy(pending, ({ time }) => time)].map(([time, files]) => [time, files.map(({ name }) => name)]),
  );
}

/** The next instant: of the clock, and later than any before it. */
export function instantAfter(last: string | undefined, nowMs: number): string {
  const earliest = last === undefined ? 0 : timeOf(last) + 1;
  return new Date(Math.max(nowMs, earliest)).toISOString().replaceAll(/\D/g, "");
}

function timeOf(instant: string): number {
  const [, year, month, day, hour, minute, second, ms] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})$/.exec(instant) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
}

export function pendingNames({ time, action }: HudiInstant): { readonly requested: string; readonly inflight: string } {
  return action === "commit"
    ? { requested: `${time}.commit.requested`, inflight: `${time}.inflight` }
    : { requested: `${time}.replacecommit.requested`, inflight: `${time}.replacecommit.inflight` };
}

export function completedName({ time, action }: HudiInstant): string {
  return `${time}.${action}`;
}

/** `hoodie.properties`: what a table is, for as long as it is. */
export function propertiesText(table: string, partitionFields: readonly string[]): string {
  const isPartitioned = partitionFields.length > 0;
  const generator = isPartitioned ? (partitionFields.length === 1 ? "Simple" : "Complex") : "Nonpartitioned";
  const properties: Readonly<Record<string, string>> = {
    "hoodie.table.name": table,
    "hoodie.table.type": "COPY_ON_WRITE",
    "hoodie.table.version": "6",
    "hoodie.timeline.layout.version": "1",
    "hoodie.table.timeline.timezone": "UTC",
    "hoodie.table.base.file.format": "PARQUET",
    "hoodie.populate.meta.fields": "false",
    "hoodie.archivelog.folder": "archived",
    "hoodie.table.keygenerator.class": `org.apache.hudi.keygen.${generator}KeyGenerator`,
    "hoodie.datasource.write.hive_style_partitioning": "true",
    "hoodie.datasource.write.partitionpath.urlencode": "true",
    "hoodie.datasource.write.drop.partition.columns": "false",
    ...(isPartitioned ? { "hoodie.table.partition.fields": partitionFields.join(",") } : {}),
    "hoodie.table.checksum": String(crc32(`.${table}`)),
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** The partition fields that `hoodie.properties` names. */
export function partitionFieldsIn(text: string): readonly string[] {
  const line = /^hoodie\.table\.partition\.fields=(.*)$/m.exec(text)?.[1] ?? "";
  return line === "" ? [] : line.split(",");
}
