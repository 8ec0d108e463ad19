import { executeText } from "../compile-text.ts";
import type { DbtNode } from "../node.ts";
import { isRecord, recordOf, textOf } from "../plain.ts";
import { executeTask, type Invocation } from "./invocation.ts";

export type HookKey = "pre_hook" | "post_hook";

interface Hook {
  readonly sql: string;
  /** In the transaction of the node's own statements; else before or after it. */
  readonly isInside: boolean;
}

/** Runs a node's hooks, each rendered when its turn comes. */
export async function runHooks(
  asked: Invocation,
  node: DbtNode,
  {
    key,
    only = () => true,
    isIncremental,
  }: {
    readonly key: HookKey;
    readonly only?: (hook: Hook) => boolean;
    readonly isIncremental: boolean;
  },
): Promise<void> {
  for (const hook of hooksOf(node, key).filter(only)) {
    const task = executeTask(asked, node, { ephemeral: () => undefined, isIncremental });
    const text = (await executeText(task, { text: hook.sql, path: node.path })).trim();
    if (text !== "") await asked.world.warehouse.execute(text);
  }
}

export function hooksOf({ config }: Pick<DbtNode, "config">, key: HookKey): readonly Hook[] {
  const listed = config[key];
  return (Array.isArray(listed) ? listed : []).map((hook: unknown) => {
    const parsed = typeof hook === "string" && hook.trim().startsWith('{"') ? attempt(hook) : hook;
    if (!isRecord(parsed)) return { sql: textOf(hook), isInside: true };
    return { sql: textOf(recordOf(parsed)["sql"]), isInside: parsed["transaction"] !== false };
  });
}

function attempt(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
