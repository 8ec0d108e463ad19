import { quoteText } from "../domain/names.ts";
import { lakehouseErrors } from "../errors.ts";
import type { SqlEngine } from "../ports.ts";
import {
  versionName,
  type AddFile,
  type DeltaAction,
  type DeltaMetadata,
  type DeltaProtocol,
  type RemoveFile,
  type Transaction,
} from "./delta-actions.ts";

/** The files of a `_delta_log`, wherever it lies. */
export interface DeltaLogFiles {
  list(): Promise<readonly string[]>;
  read(name: string): Promise<Uint8Array>;
  /** Where the engine finds one. */
  place(name: string): string;
}

/** A Delta table at one version. */
export interface DeltaState {
  readonly version: number;
  readonly protocol: DeltaProtocol;
  readonly metadata: DeltaMetadata;
  /** The files that are there, by path. */
  readonly files: ReadonlyMap<string, AddFile>;
  /** What was there once, as long as the log tells of it. */
  readonly removed: ReadonlyMap<string, RemoveFile>;
  readonly transactions: ReadonlyMap<string, Transaction>;
  /** What the version's own commit says of itself; undefined when its file is no more. */
  readonly commitInfo: Readonly<Record<string, unknown>> | undefined;
}

const COMMIT = /^(\d{20})\.json$/;
const CHECKPOINT = /^(\d{20})\.checkpoint(?:\.(\d{10})\.(\d{10}))?\.parquet$/;
const ACTIONS_MAX = 20_000_000;

/** The newest version in a log, or the one asked for; undefined where there is no table. Throws `lakehouse/damaged-delta-log`. */
export async function replayDelta(
  files: DeltaLogFiles,
  engine: Pick<SqlEngine, "query">,
  asked?: number,
): Promise<DeltaState | undefined> {
  const names = await files.list();
  const commits = new Set(names.flatMap((name) => COMMIT.exec(name)?.[1] ?? []).map(Number));
  const checkpoint = checkpointIn(names, asked);
  const version = asked ?? Math.max(-1, checkpoint?.version ?? -1, ...commits);
  if (version === -1) return undefined;
  const replay = new Replay();
  if (checkpoint !== undefined) replay.apply(await readCheckpoint(files, engine, checkpoint.names));
  for (let next = (checkpoint?.version ?? -1) + 1; next <= version; next += 1) {
    if (!commits.has(next)) throw damaged(`version ${next} is missing`);
    replay.begin();
    replay.apply(await readCommit(files, next));
  }
  if (checkpoint?.version === version && commits.has(version)) replay.tell(await readCommit(files, version));
  return replay.state(version);
}

/** A state with the actions of its next version, or of the first, laid upon it. */
export function advance(before: DeltaState | undefined, actions: readonly DeltaAction[]): DeltaState {
  const replay = new Replay(before);
  replay.apply(actions);
  return replay.state((before?.version ?? -1) + 1);
}

interface Checkpoint {
  readonly version: number;
  readonly names: readonly string[];
}

/** The newest whole checkpoint, not beyond a version. */
function checkpointIn(names: readonly string[], asked = Number.POSITIVE_INFINITY): Checkpoint | undefined {
  const parts = names.flatMap((name) => {
    const [, version, , of] = CHECKPOINT.exec(name) ?? [];
    return version === undefined ? [] : [{ name, version: Number(version), of: of === undefined ? 1 : Number(of) }];
  });
  const groups = Map.groupBy(
    parts.filter(({ version }) => version <= asked),
    ({ version, of }) => `${version}/${of}`,
  );
  const whole = [...groups.values()].filter((group) => group.length === group[0]?.of);
  const newest = whole.toSorted((one, other) => (other[0]?.version ?? 0) - (one[0]?.version ?? 0))[0];
  const version = newest?.[0]?.version;
  return newest === undefined || version === undefined ? undefined : { version, names: newest.map(({ name }) => name) };
}

async function readCheckpoint(
  files: DeltaLogFiles,
  engine: Pick<SqlEngine, "query">,
  names: readonly string[],
): Promise<readonly DeltaAction[]> {
  const from = `read_parquet([${names.map((name) => quoteText(files.place(name))).join(", ")}])`;
  const described = await engine.query(`DESCRIBE SELECT * FROM ${from}`);
  const kinds = ["txn", "add", "remove", "metaData", "protocol"].filter((kind) =>
    described.rows.some(([name]) => name === kind),
  );
  const { rows } = await engine.query(
    `SELECT ${kinds.map((kind) => `CASE WHEN "${kind}" IS NULL THEN NULL ELSE to_json("${kind}")::varchar END`).join(", ")} FROM ${from}`,
    { maxRows: ACTIONS_MAX },
  );
  return rows.map((row) =>
    Object.fromEntries(
      row.flatMap((text, index) => (typeof text === "string" ? [[kinds[index] ?? "", JSON.parse(text)]] : [])),
    ),
  );
}

async function readCommit(files: DeltaLogFiles, version: number): Promise<readonly DeltaAction[]> {
  const text = Buffer.from(await files.read(versionName(version, "json"))).toString();
  try {
    return text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => JSON.parse(line) as DeltaAction);
  } catch {
    throw damaged(`version ${version} is not JSON`);
  }
}

/** The protocol, "Action Reconciliation": what comes later stands. */
class Replay {
  #protocol: DeltaProtocol | undefined;
  #metadata: DeltaMetadata | undefined;
  readonly #files: Map<string, AddFile>;
  readonly #removed: Map<string, RemoveFile>;
  readonly #transactions: Map<string, Transaction>;
  #commitInfo: Readonly<Record<string, unknown>> | undefined;

  constructor(from?: DeltaState) {
    this.#protocol = from?.protocol;
    this.#metadata = from?.metadata;
    this.#files = new Map(from?.files);
    this.#removed = new Map(from?.removed);
    this.#transactions = new Map(from?.transactions);
  }

  begin(): void {
    this.#commitInfo = undefined;
  }

  /** What a commit says of itself, which no checkpoint keeps. */
  tell(actions: readonly DeltaAction[]): void {
    this.#commitInfo = actions.find(({ commitInfo }) => commitInfo)?.commitInfo ?? undefined;
  }

  /** A commit may take a file away and bring it again with other deletes, in whatever order it tells of them. */
  apply(actions: readonly DeltaAction[]): void {
    for (const { remove } of actions) {
      if (!remove) continue;
      this.#files.delete(remove.path);
      this.#removed.set(remove.path, remove);
    }
    for (const { add, metaData, protocol, txn, commitInfo } of actions) {
      if (protocol) this.#protocol = protocol;
      if (metaData) this.#metadata = metaData;
      if (txn) this.#transactions.set(txn.appId, txn);
      if (commitInfo) this.#commitInfo = commitInfo;
      if (!add) continue;
      this.#removed.delete(add.path);
      this.#files.set(add.path, add);
    }
  }

  state(version: number): DeltaState {
    const [protocol, metadata] = [this.#protocol, this.#metadata];
    if (protocol === undefined || metadata === undefined)
      throw damaged(`version ${version} has no protocol or metadata`);
    return {
      version,
      protocol,
      metadata,
      files: this.#files,
      removed: this.#removed,
      transactions: this.#transactions,
      commitInfo: this.#commitInfo,
    };
  }
}

function damaged(because: string): Error {
  return lakehouseErrors.create("lakehouse/damaged-delta-log", { because: `the Delta log cannot be read: ${because}` });
}
