import { isMillError } from "@millwright/kernel";
import { writeResults } from "../artifacts.ts";
import { varsOf } from "../arguments.ts";
import { blankNode } from "../blank-node.ts";
import { executeCall } from "../compile-text.ts";
import { fromPlain, type JinjaValue } from "../../jinja/values.ts";
import type { DbtNode } from "../node.ts";
import { refused } from "../parse/parsing.ts";
import { executeTask, invocation } from "../run/invocation.ts";
import { inTransaction } from "../run/relations.ts";
import { argumentsOf } from "./run.ts";
import type { Outcome, Session } from "./session.ts";

/** `run-operation`: calls one macro. */
export async function runOperation(session: Session): Promise<Outcome> {
  const { world, asked, manifest } = session;
  const [named = ""] = asked.words;
  const dot = named.indexOf(".");
  const owner = dot === -1 ? undefined : named.slice(0, dot);
  const name = named.slice(dot + 1);
  const found = owner === undefined ? anyMacro(session, name) : world.macros.in(owner, name);
  if (found === undefined)
    throw refused(
      `Runtime Error\n  dbt could not find a macro with the name '${name}' in ${owner === undefined ? "any package" : `the '${owner}' package`}`,
    );
  const given = Object.entries(varsOf(asked.values["args"])).map(([key, value]): [string, JinjaValue] => [
    key,
    fromPlain(value),
  ]);
  const node = operationNode(session, name);
  const begin = performance.now();
  const task = executeTask(invocation(world, manifest), node, { ephemeral: () => undefined });
  const result = { node, failures: null, sql: null };
  try {
    await inTransaction(world.warehouse, () =>
      executeCall(task, { name: found.name, package: found.package }, { args: [], named: new Map(given) }),
    );
    await writeResults(
      session.artifacts,
      [{ ...result, status: "success", message: null, seconds: (performance.now() - begin) / 1_000 }],
      argumentsOf(asked),
    );
    return { exitCode: 0, lines: [], results: [{ ...result, status: "success", message: null, seconds: 0 }] };
  } catch (error) {
    if (!isMillError(error)) throw error;
    const message = `Encountered an error while running operation: ${error.because}`;
    world.tell({ level: "warn", text: message });
    await writeResults(
      session.artifacts,
      [{ ...result, status: "error", message, seconds: (performance.now() - begin) / 1_000 }],
      argumentsOf(asked),
    );
    return { exitCode: 1, lines: [], results: [{ ...result, status: "error", message, seconds: 0 }] };
  }
}

function anyMacro({ world }: Session, name: string) {
  const own = world.macros.find(name, world.root.name);
  if (own !== undefined) return own;
  for (const macros of world.macros.packages.values()) {
    const found = macros.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function operationNode({ world }: Session, name: string): DbtNode {
  return blankNode(world, {
    id: `macro.${world.root.name}.${name}`,
    type: "operation",
    name,
    package: world.root.name,
    path: `macros/${name}`,
    fqn: [world.root.name, name],
    config: {},
  });
}
