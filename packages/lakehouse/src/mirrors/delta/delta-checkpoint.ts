import { quoteText } from "../../domain/names.ts";
import type { MirrorPorts } from "../mirror-format.ts";
import { versionName, type DeltaAction } from "../../delta/delta-actions.ts";
import type { DeltaState } from "../../delta/delta-log.ts";

const TEXTS = "MAP(VARCHAR, VARCHAR)";

/** The columns of a checkpoint, each an action's (the protocol, "Checkpoint Schema"). */
const COLUMNS: Readonly<Record<string, string>> = {
  txn: "STRUCT(appId VARCHAR, version BIGINT, lastUpdated BIGINT)",
  add: `STRUCT(path VARCHAR, partitionValues ${TEXTS}, size BIGINT, modificationTime BIGINT, dataChange BOOLEAN, tags ${TEXTS}, stats VARCHAR)`,
  remove: `STRUCT(path VARCHAR, deletionTimestamp BIGINT, dataChange BOOLEAN, extendedFileMetadata BOOLEAN, partitionValues ${TEXTS}, size BIGINT, tags ${TEXTS})`,
  metaData: `STRUCT(id VARCHAR, "name" VARCHAR, description VARCHAR, format STRUCT(provider VARCHAR, options ${TEXTS}), schemaString VARCHAR, partitionColumns VARCHAR[], configuration ${TEXTS}, createdTime BIGINT)`,
  protocol:
    "STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER, readerFeatures VARCHAR[], writerFeatures VARCHAR[])",
};

/** Writes what a version's log says into one Parquet file, so that readers need not replay what is before. */
export async function writeCheckpoint(
  { store, engine, ids }: MirrorPorts,
  { log, state }: { readonly log: string; readonly state: DeltaState },
): Promise<void> {
  const actions: readonly DeltaAction[] = [
    { protocol: state.protocol },
    { metaData: state.metadata },
    ...[...state.transactions.values()].map((txn) => ({ txn })),
    ...[...state.files.values()].map((add) => ({ add })),
    ...[...state.removed.values()].map((remove) => ({ remove })),
  ];
  const id = ids();
  const [lines, written] = [`${log}/.${id}.json.tmp`, `${log}/.${id}.parquet.tmp`];
  await store.write(lines, Buffer.from(actions.map((action) => JSON.stringify(action)).join("\n")));
  try {
    const columns = Object.entries(COLUMNS).map(([name, type]) => `${name}: ${quoteText(type)}`);
    await engine.run(
      `COPY (SELECT * FROM read_json(${quoteText(store.locate(lines))}, format = 'newline_delimited', ` +
        `maximum_object_size = 268435456, columns = {${columns.join(", ")}})) TO ${quoteText(store.locate(written))} (FORMAT parquet)`,
    );
    const final = `${log}/${versionName(state.version, "checkpoint.parquet")}`;
    await store.sync(written);
    await store.remove(final);
    await store.link(written, final);
    await store.sync(final);
  } finally {
    await store.remove(lines);
    await store.remove(written);
  }
  const last = { version: state.version, size: actions.length, numOfAddFiles: state.files.size };
  await store.write(`${log}/_last_checkpoint`, Buffer.from(JSON.stringify(last)));
}
