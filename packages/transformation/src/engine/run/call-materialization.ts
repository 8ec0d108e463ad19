import { executeCall } from "../compile-text.ts";
import type { Macro } from "../macros.ts";
import type { DbtNode } from "../node.ts";
import { executeTask, type Invocation } from "./invocation.ts";

/** Builds a model by its project's own materialization, whose statements do all. */
export async function callMaterialization(
  asked: Invocation,
  node: DbtNode,
  { macro, sql }: { readonly macro: Macro; readonly sql: string },
): Promise<void> {
  const extra = new Map([
    ["sql", sql],
    ["compiled_code", sql],
  ]);
  const task = executeTask(asked, node, { ephemeral: () => undefined, extra });
  await executeCall(task, { name: macro.name, package: macro.package }, { args: [], named: new Map() });
}
