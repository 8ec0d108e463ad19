import { executeText } from "../compile-text.ts";
import type { Age, DbtNode } from "../node.ts";
import { executeTask, relationOf, type Invocation } from "./invocation.ts";

export interface FreshnessOutcome {
  readonly status: "pass" | "warn" | "error";
  readonly maxLoadedAt: string | null;
  readonly snapshottedAt: string;
  readonly ageSeconds: number | null;
}

const SECONDS: Readonly<Record<string, number>> = { minute: 60, hour: 3_600, day: 86_400 };

/** How old a source's newest row is, by the bounds that the source sets. */
export async function checkFreshness(asked: Invocation, node: DbtNode): Promise<FreshnessOutcome> {
  const { freshness = null, loadedAtField = null } = node.source ?? {};
  const filter = freshness?.filter ?? null;
  const render = (text: string) =>
    executeText(executeTask(asked, node, { ephemeral: () => undefined }), { text, path: node.path });
  const where = filter === null ? "" : ` where ${await render(filter)}`;
  const field = await render(loadedAtField ?? "null");
  const { rows } = await asked.world.warehouse.execute(
    `select max(newest) as newest, now() as at, date_diff('second', cast(max(newest) as timestamptz), now()) as age from (select ${field} as newest from ${relationOf(node).toText()}${where}) as loaded`,
  );
  const [newest = null, at = null, age = null] = rows[0] ?? [];
  const seconds = age === null ? null : Number(age);
  const isOlder = (bound: Age | null | undefined) =>
    bound !== null && bound !== undefined && (seconds === null || seconds > bound.count * (SECONDS[bound.period] ?? 1));
  const status = isOlder(freshness?.errorAfter) ? "error" : isOlder(freshness?.warnAfter) ? "warn" : "pass";
  return {
    status,
    maxLoadedAt: newest === null ? null : String(newest as string),
    snapshottedAt: String(at as string),
    ageSeconds: seconds,
  };
}

/** Only a source that says how old it may be, and by what, is looked at. */
export function hasFreshness({ source }: DbtNode): boolean {
  const { freshness, loadedAtField } = source ?? {};
  return (
    freshness !== null &&
    freshness !== undefined &&
    (freshness.warnAfter !== null || freshness.errorAfter !== null) &&
    loadedAtField !== null
  );
}
