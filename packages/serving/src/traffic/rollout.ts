import { modelReference, type ServiceDefinition } from "../define-service.ts";
import type { Clock } from "@millwright/kernel";
import { gather, gatheredFrom, type Gathered, type Pair } from "./gathered.ts";
import type { LabelNumbers } from "./judge-labels.ts";
import { judgeStep, numbersOf, type RolloutNumbers } from "./judge-rollout.ts";
import { oneChange } from "./one-change.ts";
import { standingWeights, versionNamed } from "./resolve-traffic.ts";
import { rolloutRules, type RolloutRules } from "./rollout-rules.ts";
import type { RolloutLabels } from "./traffic-options.ts";
import type { TrafficCounts } from "./traffic-counts.ts";
import { promoteVariant, setTraffic, type TrafficParts } from "./traffic.ts";
import type { DecisionKind, Weights } from "./traffic-store.ts";

/** A rollout as it is kept: another process goes on from it. */
export interface RolloutState {
  readonly variant: string;
  readonly version: number;
  readonly primaryVersion: number;
  /** The place among the steps. */
  readonly step: number;
  readonly stepSinceMs: number;
  /** When its first step began; absent where that was before it was kept. */
  readonly sinceMs?: number;
  readonly gathered: Gathered;
  /** What labels told at the last look, where it goes by them. */
  readonly labelled?: LabelNumbers | undefined;
  /** Why it goes on, or how it ended. */
  readonly reason: string;
  readonly phase: RolloutPhase;
}

export type RolloutPhase = "progressing" | "promoted" | "rolled-back" | "taken-over";

export interface RolloutPorts extends TrafficParts {
  readonly clock: Pick<Clock, "nowMs">;
  /** Of the serving process; undefined while none answers. */
  readonly counts: () => Promise<TrafficCounts | undefined>;
  /** By the labels that have arrived for what both versions answered since a time; undefined where that cannot be told. */
  readonly labelled: (asked: LabelsAsked) => Promise<LabelNumbers | undefined>;
}

export interface LabelsAsked extends Pair, Pick<RolloutLabels, "monitor" | "metric"> {
  readonly sinceMs: number;
}

const BY = "rollout";

/**
 * Takes a service's rollout one look further: begins one for a version that none has judged yet, gives a version that does
 * well the next share, makes it the service's own at the end, and takes all from one that does not.
 */
export async function advanceRollout(ports: RolloutPorts, definition: ServiceDefinition): Promise<void> {
  const options = definition.traffic?.rollout;
  if (options === undefined) return;
  const rules = rolloutRules(options);
  await oneChange(ports, definition.name, () => advance(ports, definition, rules));
}

async function advance(ports: RolloutPorts, definition: ServiceDefinition, rules: RolloutRules): Promise<void> {
  const state = await rolloutState(ports, definition.name);
  const pair = await pairOf(ports, definition, rules.variant);
  if (pair === undefined) return settle(ports, definition, state);
  const isOfTheseVersions =
    state?.version === pair.variant.version &&
    (state.phase !== "progressing" || state.primaryVersion === pair.primary.version);
  if (state === undefined || !isOfTheseVersions) return begin(ports, definition, { rules, pair });
  if (state.phase !== "progressing") return;
  const { weights } = await standingWeights(ports.traffic, definition);
  // The definition has other steps or weights now: what has come so far was asked for by those before.
  if (weights[rules.variant] !== rules.steps[state.step]) return begin(ports, definition, { rules, pair });
  await look(ports, definition, { rules, pair, state });
}

/** The rollout of a service as it was last saved. */
export async function rolloutState(
  { traffic }: Pick<TrafficParts, "traffic">,
  service: string,
): Promise<RolloutState | undefined> {
  return (await traffic.rollout(service)) as RolloutState | undefined;
}

/** The two versions that are compared; undefined where there is nothing to roll out. */
async function pairOf(
  { tracking }: TrafficParts,
  definition: ServiceDefinition,
  variant: string,
): Promise<Pair | undefined> {
  const { model, alias } = modelReference(definition.model);
  const known = await tracking.versions(model).catch(() => []);
  const [primary, next] = [versionNamed(known, alias), versionNamed(known, variant)];
  if (primary === undefined || next === undefined || primary.version === next.version) return undefined;
  return {
    service: definition.name,
    primary: { name: alias, version: primary.version },
    variant: { name: variant, version: next.version },
  };
}

/** Whose version has become the service's own: by a promotion that was cut off in its midst, or by hand. */
async function settle(
  ports: RolloutPorts,
  definition: ServiceDefinition,
  state: RolloutState | undefined,
): Promise<void> {
  if (state?.phase !== "progressing") return;
  const { model, alias } = modelReference(definition.model);
  const own = await ports.tracking.byAlias(model, alias);
  if (own?.version !== state.version) return;
  const ended = { ...state, reason: `version ${state.version} is the service's own`, phase: "promoted" } as const;
  const numbers = numbersOf(state.gathered, state.labelled);
  await decide(ports, definition, { kind: "promote", percent: 0, state: ended, numbers });
}

/** Forgets how the last one ended: the version is rolled out once more. */
export async function restartRollout({ traffic }: Pick<TrafficParts, "traffic">, service: string): Promise<void> {
  await traffic.save({ service, rollout: null });
}

interface Begun {
  readonly rules: RolloutRules;
  readonly pair: Pair;
}

interface Looked extends Begun {
  readonly state: RolloutState;
}

async function begin(ports: RolloutPorts, definition: ServiceDefinition, { rules, pair }: Begun): Promise<void> {
  const counts = await ports.counts();
  // Nothing is rolled out to nobody.
  if (counts === undefined) return;
  const nowMs = ports.clock.nowMs();
  const state: RolloutState = {
    variant: rules.variant,
    version: pair.variant.version,
    primaryVersion: pair.primary.version,
    step: 0,
    stepSinceMs: nowMs,
    sinceMs: nowMs,
    gathered: gatheredFrom(counts, pair),
    reason: `version ${pair.variant.version} is new`,
    phase: "progressing",
  };
  await decide(ports, definition, { kind: "begin", percent: rules.steps[0] ?? 0, state, numbers: undefined });
}

async function look(ports: RolloutPorts, definition: ServiceDefinition, { rules, pair, state }: Looked): Promise<void> {
  const counts = await ports.counts();
  if (counts === undefined) return;
  const nowMs = ports.clock.nowMs();
  const gathered = gather(state.gathered, counts, pair);
  const step = state.step + 1;
  const percent = rules.steps[step] ?? 100;
  const sinceMs = state.sinceMs ?? state.stepSinceMs;
  const labelled = rules.labels && (await ports.labelled({ ...pair, ...rules.labels, sinceMs }));
  const looked = { stepTookMs: nowMs - state.stepSinceMs, tookMs: nowMs - sinceMs, isLast: percent >= 100, labelled };
  const { verdict, numbers } = judgeStep(rules, gathered, looked);
  const { reason } = verdict;
  const seen = { ...state, gathered, labelled, reason };
  if (verdict.kind === "wait") {
    await ports.traffic.save({ service: definition.name, rollout: seen });
    return;
  }
  if (verdict.kind === "bad") {
    const ended = { ...seen, phase: "rolled-back" } as const;
    return decide(ports, definition, { kind: "rollback", percent: 0, state: ended, numbers });
  }
  if (percent >= 100) {
    const ended = { ...seen, phase: "promoted" } as const;
    const change = { by: BY, reason, numbers: { ...numbers }, rollout: ended };
    await promoteVariant(ports, definition, { ...change, variant: rules.variant });
    return;
  }
  const next = { ...seen, step, stepSinceMs: nowMs, gathered: gatheredFrom(counts, pair) };
  await decide(ports, definition, { kind: "step", percent, state: next, numbers });
}

async function decide(
  ports: RolloutPorts,
  definition: ServiceDefinition,
  decided: {
    readonly kind: DecisionKind;
    readonly percent: number;
    readonly state: RolloutState;
    readonly numbers: RolloutNumbers | undefined;
  },
): Promise<void> {
  const { kind, percent, state, numbers } = decided;
  const { alias } = modelReference(definition.model);
  const weights: Weights = percent === 0 ? { [alias]: 100 } : { [state.variant]: percent };
  await setTraffic(ports, definition, {
    by: BY,
    reason: state.reason,
    numbers: { ...numbers },
    kind,
    weights,
    rollout: state,
  });
}

/** A rollout as people are told of it. */
export function toldRollout(rules: RolloutRules, state: RolloutState | undefined) {
  return {
    variant: rules.variant,
    steps: rules.steps,
    everyMs: rules.everyMs,
    requestsMin: rules.requestsMin,
    gates: rules.gates,
    progressDeadlineMs: rules.progressDeadlineMs,
    labels: rules.labels ?? null,
    phase: state?.phase ?? ("waiting" as const),
    step: state?.step ?? 0,
    version: state?.version ?? null,
    stepSinceMs: state?.stepSinceMs ?? null,
    reason: state?.reason ?? "no version is to be rolled out",
    numbers: state === undefined ? null : numbersOf(state.gathered, state.labelled),
  };
}

/**
 * What a change by hand makes of the rollout that is under way: it is left to whoever made it. Where the change is of another
 * `version` than is rolled out, the rollout has ended without one.
 */
export async function takenOver(
  parts: Pick<TrafficParts, "traffic">,
  service: string,
  phase: Exclude<RolloutPhase, "progressing">,
  version?: number,
): Promise<{ readonly rollout?: RolloutState }> {
  const state = await rolloutState(parts, service);
  if (state?.phase !== "progressing") return {};
  const ended = version === undefined || version === state.version ? phase : "taken-over";
  return { rollout: { ...state, phase: ended, reason: "it was decided by hand" } };
}
