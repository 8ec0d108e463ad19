import type { RoadNode } from "@millwright/client";
import { figure, metricTitle } from "../models/metric-words.ts";
import { bytes, count, exactTime, fixed, shortCount } from "../format.ts";

/** The one number that a person asks of a step first. */
export function keyFact({ facts, kind }: RoadNode): string {
  const { metric, entities, alerts, version, rows } = facts;
  const value = typeof metric === "string" ? facts[metric] : undefined;
  if (typeof metric === "string" && typeof value === "number") return `${metricTitle(metric)} ${figure(value)}`;
  if (kind === "monitor" && typeof alerts === "number")
    return alerts === 0 ? "no alerts" : `${alerts} ${alerts === 1 ? "alert" : "alerts"}`;
  if (typeof entities === "number") return `${shortCount(entities)} ${entities === 1 ? "entity" : "entities"}`;
  if (typeof rows === "number") return `${shortCount(rows)} rows`;
  if (kind === "service" && version !== undefined) return `version ${String(version)}`;
  return "";
}

/** Every fact of a step, told with its unit. */
export function factRows({ facts }: RoadNode): readonly (readonly [string, string])[] {
  return Object.entries(facts).map(([name, value]) => [
    name.replace(/_ms$/, "").replaceAll("_", " "),
    told(name, value),
  ]);
}

function told(name: string, value: string | number | boolean | null): string {
  if (value === null) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  if (name === "bytes") return bytes(value);
  if (name.endsWith("_ms")) return exactTime(value);
  return Number.isInteger(value) ? count(value) : fixed(value);
}

export function kindName(kind: string): string {
  return kind === "feature_view" ? "feature view" : kind;
}

/** The stages of a road, in their order. */
export const STAGES = [
  "Sources",
  "Tables",
  "Checks",
  "Features",
  "Training",
  "Services",
  "Scoring",
  "Monitors",
  "Other",
] as const;

const STAGE_OF_KIND: Readonly<Record<string, (typeof STAGES)[number]>> = {
  source: "Sources",
  table: "Tables",
  view: "Tables",
  checks: "Checks",
  tests: "Checks",
  feature_view: "Features",
  training: "Training",
  service: "Services",
  scoring: "Scoring",
  monitor: "Monitors",
};

export function stageOf({ kind }: Pick<RoadNode, "kind">): (typeof STAGES)[number] {
  return STAGE_OF_KIND[kind] ?? "Other";
}

const SEVERITY: readonly RoadNode["state"][] = ["failed", "warned", "running", "blocked", "waiting", "never"];

/** The step that most wants looking at. */
export function worstOf(steps: readonly RoadNode[]): RoadNode | undefined {
  const rank = ({ state }: RoadNode) => (SEVERITY.includes(state) ? SEVERITY.indexOf(state) : SEVERITY.length);
  return steps.reduce<RoadNode | undefined>(
    (worst, step) => (worst === undefined || rank(step) < rank(worst) ? step : worst),
    undefined,
  );
}

/** Whether a step has a text in its name or kind. */
export function matches({ name, kind }: Pick<RoadNode, "name" | "kind">, text: string): boolean {
  return `${name} ${kind}`.toLowerCase().includes(text.toLowerCase());
}
