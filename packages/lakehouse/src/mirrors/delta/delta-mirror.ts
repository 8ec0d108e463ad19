import { writePoint } from "@millwright/kernel";
import { canonical } from "../../domain/iceberg/schema.ts";
import type { Mirrored, MirrorFormat, MirrorPorts } from "../mirror-format.ts";
import { parseState, printState, STATE_KEY } from "../mirror-format.ts";
import { stateOf, type MirroredTable } from "../mirrored-table.ts";
import { versionName, type AddFile, type DeltaAction, type RemoveFile } from "../../delta/delta-actions.ts";
import { writeCheckpoint } from "./delta-checkpoint.ts";
import { advance, replayDelta, type DeltaLogFiles, type DeltaState } from "../../delta/delta-log.ts";
import { planDelta, SOURCE_TAG, type DeltaPlan } from "./delta-plan.ts";

const CHECKPOINT_EVERY = 10;
/** So many versions before the newest checkpoint can still be asked for. */
const VERSIONS_KEPT = 100;

/** Mirrors as Delta tables: a `_delta_log` beside other names of the data files. */
export function deltaMirrors(ports: MirrorPorts): MirrorFormat {
  const { store } = ports;
  return {
    mirrored: async (folder) => {
      const files = logFiles(ports, folder);
      const version = lastVersion(await files.list());
      if (version === undefined) return undefined;
      const text = Buffer.from(await files.read(versionName(version, "json"))).toString();
      const told = text.split("\n").find((line) => line.includes(STATE_KEY));
      const info = told === undefined ? undefined : (JSON.parse(told) as DeltaAction).commitInfo;
      return { version: String(version), state: parseState(info?.[STATE_KEY]) } satisfies Mirrored;
    },
    refusal: async (folder, table) => {
      const plan = await planDelta(ports, table, await replayDelta(logFiles(ports, folder), ports.engine));
      return typeof plan === "string" ? plan : undefined;
    },
    write: async (folder, table) => {
      const log = `${folder}/_delta_log`;
      const before = await replayDelta(logFiles(ports, folder), ports.engine);
      const plan = await planDelta(ports, table, before);
      if (typeof plan === "string") return plan;
      const added = plan.files.filter(({ add }) => !isThere(before, add));
      for (const { add, source } of added)
        if (!(await store.link(source, `${folder}/${add.path}`)))
          throw new Error(`${add.path} of the mirror is another file than ${source}`);
      const [first] = added;
      if (first !== undefined) await store.sync(`${folder}/${first.add.path}`);
      writePoint("lakehouse/mirror/after-links");
      const actions = actionsOf(ports, { table, plan, before, added });
      const after = advance(before, actions);
      const { version } = after;
      await putNew(ports, `${log}/${versionName(version, "json")}`, actions);
      writePoint("lakehouse/mirror/after-commit");
      const kept = await sweep(ports, { folder, state: after });
      if (version > 0 && version % CHECKPOINT_EVERY === 0) {
        await writeCheckpoint(ports, { log, state: { ...after, removed: kept } });
        await forgetVersions(ports, { log, before: version - VERSIONS_KEPT });
      }
      return undefined;
    },
  };
}

function logFiles({ store }: Pick<MirrorPorts, "store">, folder: string): DeltaLogFiles {
  const log = `${folder}/_delta_log`;
  return {
    list: () => store.namesIn(log),
    read: (name) => store.read(`${log}/${name}`),
    place: (name) => store.locate(`${log}/${name}`),
  };
}

function lastVersion(names: readonly string[]): number | undefined {
  const last = names.findLast((name) => /^\d{20}\.json$/.test(name));
  return last === undefined ? undefined : Number(last.slice(0, 20));
}

function isThere(before: DeltaState | undefined, add: AddFile): boolean {
  const known = before?.files.get(add.path);
  return known !== undefined && canonical(known.partitionValues) === canonical(add.partitionValues);
}

/** A checkpoint gives back as null what was left out. */
function isSame(one: object | undefined, other: object): boolean {
  const told = (value: object) =>
    canonical(Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null)));
  return one !== undefined && told(one) === told(other);
}

function actionsOf(
  { clock }: MirrorPorts,
  told: {
    readonly table: MirroredTable;
    readonly plan: DeltaPlan;
    readonly before: DeltaState | undefined;
    readonly added: readonly { readonly add: AddFile }[];
  },
): readonly DeltaAction[] {
  const { table, plan, before, added } = told;
  const now = clock.nowMs();
  const wanted = new Set(plan.files.map(({ add }) => add.path));
  const removed = [...(before?.files.values() ?? [])].filter(({ path }) => !wanted.has(path));
  return [
    {
      commitInfo: {
        timestamp: now,
        operation: before === undefined ? "CREATE TABLE AS SELECT" : removed.length === 0 ? "WRITE" : "OVERWRITE",
        operationParameters: {},
        engineInfo: "Millwright",
        isBlindAppend: before !== undefined && removed.length === 0,
        [STATE_KEY]: printState(stateOf(table.metadata)),
      },
    },
    ...(isSame(before?.protocol, plan.protocol) ? [] : [{ protocol: plan.protocol }]),
    ...(isSame(before?.metadata, plan.metadata) ? [] : [{ metaData: plan.metadata }]),
    ...removed.map((add) => ({ remove: removeOf(add, now) })),
    ...added.map(({ add }) => ({ add })),
    {
      txn: {
        appId: `iceberg-${table.metadata["table-uuid"]}`,
        version: Math.max(table.metadata["last-sequence-number"], 0),
        lastUpdated: now,
      },
    },
  ];
}

function removeOf({ path, partitionValues, size, tags }: AddFile, nowMs: number): RemoveFile {
  return {
    path,
    deletionTimestamp: nowMs,
    dataChange: true,
    extendedFileMetadata: true,
    partitionValues,
    size,
    ...(tags === undefined ? {} : { tags }),
  };
}

/** A version is written by one writer alone: it gets its name only if no other has it. */
async function putNew({ store, ids }: MirrorPorts, path: string, actions: readonly DeltaAction[]): Promise<void> {
  const scratch = `${path.slice(0, path.lastIndexOf("/"))}/.${ids()}.json.tmp`;
  await store.write(scratch, Buffer.from(actions.map((action) => `${JSON.stringify(action)}\n`).join("")));
  try {
    if (!(await store.link(scratch, path))) throw new Error(`${path} was written by another meanwhile`);
    await store.sync(path);
  } finally {
    await store.remove(scratch);
  }
}

/** Takes the names away of files that the lake itself has no more: older versions live as long as Iceberg's snapshots. */
async function sweep(
  { store }: MirrorPorts,
  { folder, state }: { readonly folder: string; readonly state: DeltaState },
): Promise<ReadonlyMap<string, RemoveFile>> {
  const kept = new Map<string, RemoveFile>();
  for (const [path, remove] of state.removed) {
    const source = remove.tags?.[SOURCE_TAG];
    if (source !== undefined && (await store.exists(source))) kept.set(path, remove);
    else if (/^[0-9a-f]{32}\.parquet$/.test(path)) await store.remove(`${folder}/${path}`);
  }
  return kept;
}

async function forgetVersions(
  { store }: MirrorPorts,
  { log, before }: { readonly log: string; readonly before: number },
): Promise<void> {
  for (const name of await store.namesIn(log)) {
    const version = /^(\d{20})\.(?:json|checkpoint\.parquet)$/.exec(name)?.[1];
    if (version !== undefined && Number(version) < before) await store.remove(`${log}/${name}`);
  }
}
