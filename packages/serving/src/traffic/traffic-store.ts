import type { Clock, IdSource } from "@millwright/kernel";
import type { Database, MigrationSet } from "@millwright/platform";
import { trafficTables } from "../migrations/0001-traffic.ts";

export const servingMigrations: MigrationSet = { area: "serving", migrations: [trafficTables] };

export type Weights = Readonly<Record<string, number>>;

/** The weights that stand, and of which definition they were first taken. */
export interface TrafficPlan {
  readonly service: string;
  readonly weights: Weights;
  readonly definedHash: string;
}

/** One change of a service's traffic: who made it, why, and by which numbers. */
export interface TrafficDecision {
  readonly id: string;
  readonly service: string;
  readonly kind: DecisionKind;
  /** A person as the caller names them, or `rollout`, or `definition`. */
  readonly by: string;
  readonly reason: string;
  readonly weights: Weights;
  readonly previousWeights: Weights;
  /** The version of each variant at that moment. */
  readonly versions: Readonly<Record<string, number>>;
  /** What was measured, where something was: by variant. */
  readonly numbers: Readonly<Record<string, unknown>>;
  readonly decidedAtMs: number;
}

/** `begin`, `step`, `promote` and `rollback` are also a rollout's. */
export type DecisionKind = "defined" | "set" | "begin" | "step" | "promote" | "rollback";

type NewDecision = Omit<TrafficDecision, "id" | "decidedAtMs">;

/** What the metadata database keeps of traffic. */
export interface TrafficStore {
  plan(service: string): Promise<TrafficPlan | undefined>;
  /** Newest first. */
  decisions(service: string, page: { readonly limit: number }): Promise<readonly TrafficDecision[]>;
  /** The state of a rollout as it was last saved; undefined where none is under way. */
  rollout(service: string): Promise<unknown>;
  /** Changes all of it at once, or nothing. `rollout: null` ends it. */
  save(change: TrafficChange): Promise<void>;
}

interface TrafficChange {
  readonly service: string;
  readonly plan?: TrafficPlan;
  readonly decision?: NewDecision;
  readonly rollout?: object | null;
}

interface Tables {
  traffic_plan: { service: string; weights: string; defined_hash: string; changed_at: number };
  traffic_decision: {
    id: string;
    service: string;
    kind: string;
    decided_by: string;
    reason: string;
    weights: string;
    previous_weights: string;
    versions: string;
    numbers: string;
    decided_at: number;
  };
  traffic_rollout: { service: string; state: string; changed_at: number };
}

export function createTrafficStore({
  database,
  clock,
  ids,
}: {
  readonly database: Database;
  readonly clock: Pick<Clock, "nowMs">;
  readonly ids: IdSource;
}): TrafficStore {
  const kysely = database.as<Tables>();
  const write = database.grouped<Tables>();
  type Executor = Parameters<Parameters<typeof write>[0]>[0];
  const savePlan = (on: Executor, { service, weights, definedHash }: TrafficPlan) => {
    const row = {
      service,
      weights: JSON.stringify(weights),
      defined_hash: definedHash,
      changed_at: clock.nowMs(),
    };
    return on
      .insertInto("traffic_plan")
      .values(row)
      .onConflict((conflict) => conflict.column("service").doUpdateSet(row))
      .execute();
  };
  const saveRollout = (on: Executor, service: string, state: object | null) => {
    if (state === null) return on.deleteFrom("traffic_rollout").where("service", "=", service).execute();
    const row = { service, state: JSON.stringify(state), changed_at: clock.nowMs() };
    return on
      .insertInto("traffic_rollout")
      .values(row)
      .onConflict((conflict) => conflict.column("service").doUpdateSet(row))
      .execute();
  };
  return {
    plan: async (service) => {
      const row = await kysely.selectFrom("traffic_plan").selectAll().where("service", "=", service).executeTakeFirst();
      if (row === undefined) return undefined;
      return { service, weights: JSON.parse(row.weights) as Weights, definedHash: row.defined_hash };
    },
    decisions: async (service, { limit }) => {
      const rows = await kysely
        .selectFrom("traffic_decision")
        .selectAll()
        .where("service", "=", service)
        .orderBy("id", "desc")
        .limit(limit)
        .execute();
      return rows.map(decisionOf);
    },
    rollout: async (service) => {
      const row = await kysely
        .selectFrom("traffic_rollout")
        .select("state")
        .where("service", "=", service)
        .executeTakeFirst();
      return row === undefined ? undefined : (JSON.parse(row.state) as unknown);
    },
    save: ({ service, plan, decision, rollout }) =>
      write(async (transaction) => {
        if (plan !== undefined) await savePlan(transaction, plan);
        if (decision !== undefined)
          await transaction
            .insertInto("traffic_decision")
            .values(decisionRow(decision, { id: ids(), nowMs: clock.nowMs() }))
            .execute();
        if (rollout !== undefined) await saveRollout(transaction, service, rollout);
      }),
  };
}

function decisionRow(
  decision: NewDecision,
  { id, nowMs }: { readonly id: string; readonly nowMs: number },
): Tables["traffic_decision"] {
  const { service, kind, by, reason, weights, previousWeights, versions, numbers } = decision;
  return {
    id,
    service,
    kind,
    decided_by: by,
    reason,
    weights: JSON.stringify(weights),
    previous_weights: JSON.stringify(previousWeights),
    versions: JSON.stringify(versions),
    numbers: JSON.stringify(numbers),
    decided_at: nowMs,
  };
}

function decisionOf(row: Tables["traffic_decision"]): TrafficDecision {
  return {
    id: row.id,
    service: row.service,
    kind: row.kind as DecisionKind,
    by: row.decided_by,
    reason: row.reason,
    weights: JSON.parse(row.weights) as Weights,
    previousWeights: JSON.parse(row.previous_weights) as Weights,
    versions: JSON.parse(row.versions) as Record<string, number>,
    numbers: JSON.parse(row.numbers) as Record<string, unknown>,
    decidedAtMs: row.decided_at,
  };
}
