import type { Clock, IdSource } from "@millwright/kernel";
import { platformErrors, type Database, type MigrationSet } from "@millwright/platform";
import { trackingErrors } from "./errors.ts";
import { versionBefore, type AliasChange } from "./alias-change.ts";
import { runsAndModels } from "./migrations/0001-runs-and-models.ts";
import { aliasChanges } from "./migrations/0002-alias-changes.ts";

export const trackingMigrations: MigrationSet = { area: "tracking", migrations: [runsAndModels, aliasChanges] };

export interface ExperimentRun {
  readonly id: string;
  readonly experiment: string;
  readonly status: "running" | "finished" | "failed";
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly tags: Readonly<Record<string, string>>;
  /** The folder of its artifacts. */
  readonly artifactPath: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
}

export interface Metric {
  readonly name: string;
  readonly step: number;
  readonly value: number;
}

/** One version of a registered model. `details` is what its trainer recorded: metrics, gates, signature, importance. */
export interface ModelVersion {
  readonly model: string;
  readonly version: number;
  readonly runId: string;
  readonly artifactPath: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly createdAtMs: number;
  readonly aliases: readonly string[];
}

export interface NewVersion {
  readonly model: string;
  readonly runId: string;
  readonly artifactPath: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** Aliases that are to mean this version, moved in the same transaction. */
  readonly aliases: readonly string[];
  /** Why the aliases move. */
  readonly reason: string;
}

export interface AliasMove {
  readonly model: string;
  readonly alias: string;
  readonly version: number;
  readonly reason: string;
}

/** Experiments, runs and the model registry. */
export interface Tracking {
  startRun(run: Pick<ExperimentRun, "experiment" | "parameters" | "tags" | "artifactPath">): Promise<ExperimentRun>;
  logMetrics(runId: string, metrics: readonly Metric[]): Promise<void>;
  finishRun(runId: string, status: "finished" | "failed"): Promise<void>;
  runs(experiment: string | undefined, page: { readonly limit: number }): Promise<readonly ExperimentRun[]>;
  metrics(runId: string): Promise<readonly Metric[]>;
  /** The next version of a model, with its aliases, all at once. */
  register(version: NewVersion): Promise<ModelVersion>;
  /** Makes an alias mean a version. Throws `tracking/unknown-model` and `tracking/unknown-version`. */
  promote(move: AliasMove): Promise<AliasChange>;
  /** Makes an alias mean an earlier version again; without one, what it meant before. Throws also `tracking/nothing-before`. */
  rollback(move: Omit<AliasMove, "version"> & { readonly version: number | undefined }): Promise<AliasChange>;
  /** The moves of a model's aliases, newest first. */
  aliasChanges(model: string): Promise<readonly AliasChange[]>;
  models(): Promise<readonly string[]>;
  /** Newest first. Throws `tracking/unknown-model`. */
  versions(model: string): Promise<readonly ModelVersion[]>;
  byAlias(model: string, alias: string): Promise<ModelVersion | undefined>;
}

const REGISTER_TRIES = 50;

interface Tables {
  experiment_run: {
    id: string;
    experiment: string;
    status: string;
    parameters: string;
    tags: string;
    artifact_path: string;
    started_at: number;
    ended_at: number | null;
  };
  run_metric: { run_id: string; name: string; step: number; value: number; logged_at: number };
  model_version: {
    model: string;
    version: number;
    run_id: string;
    artifact_path: string;
    details: string;
    created_at: number;
  };
  model_alias: { model: string; alias: string; version: number };
  alias_change: {
    id: string;
    model: string;
    alias: string;
    kind: string;
    version: number;
    previous_version: number | null;
    reason: string;
    changed_at: number;
  };
}

const CHANGES_MAX = 10_000;

export function createTracking({
  database,
  clock,
  ids,
}: {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
}): Tracking {
  const kysely = database.as<Tables>();
  // Training code logs as fast as it learns: its writers share commits.
  const write = database.grouped<Tables>();
  const versions = async (model: string): Promise<readonly ModelVersion[]> => {
    const rows = await kysely
      .selectFrom("model_version")
      .selectAll()
      .where("model", "=", model)
      .orderBy("version", "desc")
      .execute();
    if (rows.length === 0) throw trackingErrors.create("tracking/unknown-model", { because: model });
    const aliases = await kysely.selectFrom("model_alias").selectAll().where("model", "=", model).execute();
    return rows.map((row) => versionOf(row, aliases));
  };
  const insertVersion = async (
    transaction: typeof kysely,
    { model, runId, artifactPath, details }: NewVersion,
  ): Promise<Tables["model_version"]> => {
    for (let attempt = 0; attempt < REGISTER_TRIES; attempt += 1) {
      const last = await transaction
        .selectFrom("model_version")
        .select((on) => on.fn.max("version").as("version"))
        .where("model", "=", model)
        .executeTakeFirst();
      const row = {
        model,
        version: Number(last?.version ?? 0) + 1,
        run_id: runId,
        artifact_path: artifactPath,
        details: JSON.stringify(details),
        created_at: clock.nowMs(),
      };
      const inserted = await transaction
        .insertInto("model_version")
        .values(row)
        .onConflict((on) => on.doNothing())
        .executeTakeFirst();
      if (inserted.numInsertedOrUpdatedRows === 1n) return row;
      // Another process that registers at the same time took the number first.
    }
    throw platformErrors.create("platform/busy", {
      because: `${model} got ${REGISTER_TRIES} other versions meanwhile`,
    });
  };
  type Executor = Pick<typeof kysely, "selectFrom" | "insertInto">;
  const moveAlias = async (
    on: Executor,
    { model, alias, version, reason, kind }: AliasMove & Pick<AliasChange, "kind">,
  ): Promise<AliasChange> => {
    const before = await on
      .selectFrom("model_alias")
      .select("version")
      .where("model", "=", model)
      .where("alias", "=", alias)
      .executeTakeFirst();
    const row = { model, alias, version };
    await on
      .insertInto("model_alias")
      .values(row)
      .onConflict((conflict) => conflict.columns(["model", "alias"]).doUpdateSet(row))
      .execute();
    const change = {
      ...row,
      id: ids(),
      kind,
      previous_version: before?.version ?? null,
      reason,
      changed_at: clock.nowMs(),
    };
    await on.insertInto("alias_change").values(change).execute();
    return changeOf(change);
  };
  const changesOf = async (on: Executor, model: string, alias?: string): Promise<readonly AliasChange[]> => {
    let query = on.selectFrom("alias_change").selectAll().where("model", "=", model).orderBy("id", "desc");
    if (alias !== undefined) query = query.where("alias", "=", alias);
    return (await query.limit(CHANGES_MAX).execute()).map(changeOf);
  };
  const requireVersion = async (model: string, version: number): Promise<void> => {
    if ((await versions(model)).some((known) => known.version === version)) return;
    throw trackingErrors.create("tracking/unknown-version", { because: `${model} has no version ${version}` });
  };
  return {
    startRun: async (run) => {
      const started: ExperimentRun = {
        ...run,
        id: ids(),
        status: "running",
        startedAtMs: clock.nowMs(),
        endedAtMs: null,
      };
      await kysely.insertInto("experiment_run").values(runRow(started)).execute();
      return started;
    },
    logMetrics: async (runId, metrics) => {
      const rows = metrics.map(({ name, step, value }) => ({
        run_id: runId,
        name,
        step,
        value,
        logged_at: clock.nowMs(),
      }));
      if (rows.length > 0)
        await write((transaction) =>
          transaction
            .insertInto("run_metric")
            .values(rows)
            .onConflict((on) => on.doNothing())
            .execute(),
        );
    },
    finishRun: async (runId, status) => {
      await kysely
        .updateTable("experiment_run")
        .set({ status, ended_at: clock.nowMs() })
        .where("id", "=", runId)
        .execute();
    },
    runs: async (experiment, { limit }) => {
      let query = kysely.selectFrom("experiment_run").selectAll().orderBy("id", "desc").limit(limit);
      if (experiment !== undefined) query = query.where("experiment", "=", experiment);
      return (await query.execute()).map(runOf);
    },
    metrics: async (runId) =>
      kysely.selectFrom("run_metric").select(["name", "step", "value"]).where("run_id", "=", runId).execute(),
    register: (version) =>
      write(async (transaction) => {
        const row = await insertVersion(transaction, version);
        const { model, reason } = version;
        const aliases = version.aliases.map((alias) => ({ model, alias, version: row.version }));
        for (const alias of aliases) await moveAlias(transaction, { ...alias, reason, kind: "promote" });
        return versionOf(row, aliases);
      }),
    promote: async (move) => {
      await requireVersion(move.model, move.version);
      return write((transaction) => moveAlias(transaction, { ...move, kind: "promote" }));
    },
    rollback: async ({ version, ...move }) => {
      if (version !== undefined) await requireVersion(move.model, version);
      else await versions(move.model);
      return write(async (transaction) => {
        const target = version ?? versionBefore((await changesOf(transaction, move.model, move.alias)).toReversed());
        if (target === undefined)
          throw trackingErrors.create("tracking/nothing-before", {
            because: `no version of ${move.model} is known to have been its ${move.alias} before`,
          });
        return moveAlias(transaction, { ...move, version: target, kind: "rollback" });
      });
    },
    aliasChanges: async (model) => {
      await versions(model);
      return changesOf(kysely, model);
    },
    models: async () =>
      (await kysely.selectFrom("model_version").select("model").distinct().orderBy("model").execute()).map(
        ({ model }) => model,
      ),
    versions,
    byAlias: async (model, alias) => {
      const found = await kysely
        .selectFrom("model_alias")
        .selectAll()
        .where("model", "=", model)
        .where("alias", "=", alias)
        .executeTakeFirst();
      return found === undefined ? undefined : (await versions(model)).find(({ version }) => version === found.version);
    },
  };
}

function runRow(run: ExperimentRun): Tables["experiment_run"] {
  return {
    id: run.id,
    experiment: run.experiment,
    status: run.status,
    parameters: JSON.stringify(run.parameters),
    tags: JSON.stringify(run.tags),
    artifact_path: run.artifactPath,
    started_at: run.startedAtMs,
    ended_at: run.endedAtMs,
  };
}

function runOf(row: Tables["experiment_run"]): ExperimentRun {
  return {
    id: row.id,
    experiment: row.experiment,
    status: row.status as ExperimentRun["status"],
    parameters: JSON.parse(row.parameters) as Record<string, unknown>,
    tags: JSON.parse(row.tags) as Record<string, string>,
    artifactPath: row.artifact_path,
    startedAtMs: row.started_at,
    endedAtMs: row.ended_at,
  };
}

function versionOf(row: Tables["model_version"], aliases: readonly Tables["model_alias"][]): ModelVersion {
  return {
    model: row.model,
    version: row.version,
    runId: row.run_id,
    artifactPath: row.artifact_path,
    details: JSON.parse(row.details) as Record<string, unknown>,
    createdAtMs: row.created_at,
    aliases: aliases.filter(({ version }) => version === row.version).map(({ alias }) => alias),
  };
}

function changeOf({ previous_version, changed_at, kind, ...row }: Tables["alias_change"]): AliasChange {
  return { ...row, kind: kind as AliasChange["kind"], previousVersion: previous_version, changedAtMs: changed_at };
}
