import { writePoint } from "@millwright/kernel";
import { shortHash } from "../link-names.ts";
import {
  parseState,
  printState,
  STATE_KEY,
  type Mirrored,
  type MirrorFormat,
  type MirrorPorts,
} from "../mirror-format.ts";
import { stateOf, type MirroredTable } from "../mirrored-table.ts";
import { hudiSchema } from "./hudi-schema.ts";
import { planHudi, type HudiFile, type HudiPlan, type HudiPresent } from "./hudi-plan.ts";
import {
  completedInstants,
  completedName,
  instantAfter,
  partitionFieldsIn,
  pendingInstants,
  pendingNames,
  propertiesText,
  timelineOf,
  type HudiCommit,
  type HudiInstant,
  type HudiWriteStat,
} from "./hudi-timeline.ts";

/** So many commits stay in the timeline; those before are of no reader's use. */
const INSTANTS_KEPT = 20;

/** What the mirror has at an instant; kept beside the timeline under the instant's time, written before it is completed. */
interface HudiContent {
  readonly files: readonly HudiFile[];
  /** No more part of the table since an instant, but still there. */
  readonly replaced: readonly (HudiFile & { readonly since: string })[];
}

const NOTHING: HudiContent = { files: [], replaced: [] };

/** Mirrors as copy-on-write Hudi tables: each data file is a file group of its own, under the name that Hudi gives it. */
export function hudiMirrors(ports: MirrorPorts): MirrorFormat {
  const { store } = ports;
  return {
    mirrored: (folder) => mirroredAt(ports, folder),
    refusal: async (folder, table) => {
      const plan = await planHudi(ports, table, await presentOf(ports, folder));
      return typeof plan === "string" ? plan : undefined;
    },
    write: async (folder, table) => {
      await rollBackPending(ports, folder);
      const present = await presentOf(ports, folder);
      const plan = await planHudi(ports, table, present);
      if (typeof plan === "string") return plan;
      if (present === undefined)
        await store.write(
          `${timelineOf(folder)}/hoodie.properties`,
          Buffer.from(propertiesText(tableName(table), plan.partitionFields)),
        );
      await commit(ports, { folder, table, plan });
      await clean(ports, folder);
      return undefined;
    },
  };
}

/** A Hudi table's name: what is around it is in it. */
function tableName({ key }: MirroredTable): string {
  return key.replaceAll(/[^A-Za-z0-9_]/g, "_");
}

async function readJson<Value>({ store }: Pick<MirrorPorts, "store">, path: string): Promise<Value> {
  return JSON.parse(Buffer.from(await store.read(path)).toString()) as Value;
}

function contentPath(folder: string, time: string): string {
  return `${timelineOf(folder)}/.aux/millwright-${time}.json`;
}

/** The mirror as it is; undefined where there is none. */
async function presentOf(ports: MirrorPorts, folder: string): Promise<HudiPresent | undefined> {
  const properties = `${timelineOf(folder)}/hoodie.properties`;
  if (!(await ports.store.exists(properties))) return undefined;
  const text = Buffer.from(await ports.store.read(properties)).toString();
  const { state } = (await mirroredAt(ports, folder)) ?? {};
  return {
    partitionFields: partitionFieldsIn(text),
    files: (await contentOf(ports, folder)).files,
    schemaId: state?.schemaId,
  };
}

async function mirroredAt(ports: MirrorPorts, folder: string): Promise<Mirrored | undefined> {
  const last = (await completedInstants(ports.store, folder)).at(-1);
  if (last === undefined) return undefined;
  const commit = await readJson<HudiCommit>(ports, `${timelineOf(folder)}/${completedName(last)}`);
  return { version: last.time, state: parseState(commit.extraMetadata[STATE_KEY]) };
}

async function contentOf(ports: MirrorPorts, folder: string): Promise<HudiContent> {
  const last = (await completedInstants(ports.store, folder)).at(-1);
  return last === undefined ? NOTHING : readJson<HudiContent>(ports, contentPath(folder, last.time));
}

async function commit(
  ports: MirrorPorts,
  { folder, table, plan }: { readonly folder: string; readonly table: MirroredTable; readonly plan: HudiPlan },
): Promise<void> {
  const { store, clock } = ports;
  const timeline = timelineOf(folder);
  const before = await contentOf(ports, folder);
  const wanted = new Map(plan.files.map((file) => [file.source, file]));
  const gone = before.files.filter(({ source }) => !wanted.has(source));
  const known = new Set(before.files.map(({ source }) => source));
  const instant: HudiInstant = {
    time: instantAfter((await completedInstants(store, folder)).at(-1)?.time, clock.nowMs()),
    action: gone.length > 0 ? "replacecommit" : "commit",
  };
  const added = plan.files.filter(({ source }) => !known.has(source)).map((file) => named(file, instant.time));
  const metadata = commitOf({ table, added, gone });
  const { requested, inflight } = pendingNames(instant);
  await store.write(`${timeline}/${requested}`, new Uint8Array());
  await store.write(`${timeline}/${inflight}`, Buffer.from(JSON.stringify(metadata)));
  writePoint("lakehouse/mirror/after-inflight");
  for (const partition of new Set(added.map((file) => file.partition))) {
    if (partition === "") continue;
    const depth = partition.split("/").length;
    await store.write(
      `${folder}/${partition}/.hoodie_partition_metadata`,
      Buffer.from(`commitTime=${instant.time}\npartitionDepth=${depth}\n`),
    );
  }
  for (const { source, path } of added) {
    if (!(await store.link(source, `${folder}/${path}`))) throw new Error(`${path} of the mirror is another file`);
    await store.sync(`${folder}/${path}`);
  }
  writePoint("lakehouse/mirror/after-links");
  const content: HudiContent = {
    files: [...before.files.filter(({ source }) => wanted.has(source)), ...added],
    replaced: [...before.replaced, ...gone.map((file) => ({ ...file, since: instant.time }))],
  };
  await store.write(contentPath(folder, instant.time), Buffer.from(JSON.stringify(content)));
  await store.write(`${timeline}/${completedName(instant)}`, Buffer.from(JSON.stringify(metadata, undefined, 2)));
  writePoint("lakehouse/mirror/after-commit");
}

/** The name that Hudi reads the file group, the write and the instant from. A group once replaced never comes again. */
function named(file: HudiPlan["files"][number], time: string): HudiFile {
  const hash = shortHash(file.source, time);
  const fileId = `${hash.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")}-0`;
  const name = `${fileId}_0-0-0_${time}.parquet`;
  return { ...file, fileId, path: file.partition === "" ? name : `${file.partition}/${name}` };
}

function commitOf(told: {
  readonly table: MirroredTable;
  readonly added: readonly HudiFile[];
  readonly gone: readonly HudiFile[];
}): HudiCommit {
  const { table, added, gone } = told;
  const statOf = ({ fileId, path, partition, rows, bytes }: HudiFile): HudiWriteStat => ({
    fileId,
    path,
    prevCommit: "null",
    numWrites: rows,
    numDeletes: 0,
    numUpdateWrites: 0,
    numInserts: rows,
    totalWriteBytes: bytes,
    totalWriteErrors: 0,
    partitionPath: partition,
    fileSizeInBytes: bytes,
  });
  const byPartition = <Value>(files: readonly HudiFile[], of: (file: HudiFile) => Value) =>
    Object.fromEntries(
      [...Map.groupBy(files, ({ partition }) => partition)].map(([partition, own]) => [partition, own.map(of)]),
    );
  return {
    partitionToWriteStats: byPartition(added, statOf),
    ...(gone.length === 0 ? {} : { partitionToReplaceFileIds: byPartition(gone, ({ fileId }) => fileId) }),
    compacted: false,
    extraMetadata: {
      schema: hudiSchema(table.schema, tableName(table)),
      [STATE_KEY]: printState(stateOf(table.metadata)),
    },
    operationType: gone.length === 0 ? "INSERT" : "INSERT_OVERWRITE",
  };
}

/** Takes back what a process that died had begun: the names that it gave, then the instant itself. */
async function rollBackPending(ports: MirrorPorts, folder: string): Promise<void> {
  const { store } = ports;
  for (const [time, names] of await pendingInstants(store, folder)) {
    const inflight = names.find((name) => name.endsWith("inflight"));
    const text =
      inflight === undefined ? "" : Buffer.from(await store.read(`${timelineOf(folder)}/${inflight}`)).toString();
    const begun = text === "" ? undefined : (JSON.parse(text) as HudiCommit);
    for (const { path } of Object.values(begun?.partitionToWriteStats ?? {}).flat())
      if (path.endsWith(`_${time}.parquet`)) await store.remove(`${folder}/${path}`);
    await store.remove(contentPath(folder, time));
    for (const name of names.toReversed()) await store.remove(`${timelineOf(folder)}/${name}`);
  }
}

/** Takes away files whose group was replaced before the timeline's oldest commit, or that the lake has no more; then those commits. */
async function clean(ports: MirrorPorts, folder: string): Promise<void> {
  const { store } = ports;
  const instants = await completedInstants(store, folder);
  const last = instants.at(-1);
  if (last === undefined) return;
  const old = instants.slice(0, -INSTANTS_KEPT);
  const horizon = old.at(-1)?.time ?? "";
  const content = await contentOf(ports, folder);
  const kept: HudiContent["replaced"][number][] = [];
  for (const file of content.replaced) {
    if (file.since > horizon && (await store.exists(file.source))) kept.push(file);
    else await store.remove(`${folder}/${file.path}`);
  }
  if (kept.length < content.replaced.length)
    await store.write(contentPath(folder, last.time), Buffer.from(JSON.stringify({ ...content, replaced: kept })));
  for (const instant of old) {
    const { requested, inflight } = pendingNames(instant);
    for (const name of [completedName(instant), inflight, requested])
      await store.remove(`${timelineOf(folder)}/${name}`);
  }
  for (const name of await store.namesIn(`${timelineOf(folder)}/.aux`))
    if (name !== `millwright-${last.time}.json`) await store.remove(`${timelineOf(folder)}/.aux/${name}`);
}
