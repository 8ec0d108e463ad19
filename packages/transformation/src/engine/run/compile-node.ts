import { executeText } from "../compile-text.ts";
import type { DbtNode } from "../node.ts";
import { testTemplate } from "../parse/generic-tests.ts";
import { inNode } from "../parse/parsing.ts";
import { Replay } from "../replay.ts";
import { executeTask, expressionOf, type Invocation } from "./invocation.ts";
import type { JinjaFunction, JinjaValue } from "../../jinja/values.ts";
import type { Plain } from "../plain.ts";

export interface CompileOptions {
  readonly isIncremental?: boolean;
  readonly existing?: ReadonlySet<string>;
  /** What a unit test puts in place. */
  readonly overrides?: ReadonlyMap<string, JinjaFunction>;
  readonly vars?: Plain;
  readonly environment?: Plain;
  /** In place of other nodes: a common table expression's body for each. */
  readonly inputs?: ReadonlyMap<string, string>;
  /** Answers that are there already, for the same text rendered anew. */
  readonly replay?: Replay;
}

/** A node's SQL, with the ephemeral models it stands on as common table expressions in front. */
export async function compileNode(asked: Invocation, node: DbtNode, options: CompileOptions = {}): Promise<string> {
  const expressions = new Map<string, string>();
  const text = await rendered(asked, node, { options, expressions });
  return withExpressions(text, expressions);
}

interface Compiling {
  readonly options: CompileOptions;
  /** Bodies by name, nested ones first. */
  readonly expressions: Map<string, string>;
}

async function rendered(asked: Invocation, node: DbtNode, { options, expressions }: Compiling): Promise<string> {
  const met: DbtNode[] = [];
  const template = node.test === undefined ? undefined : testTemplate(node.test);
  const task = executeTask(withInputs(asked, options), node, {
    ephemeral: (target) => met.push(target),
    ...(options.inputs?.has(node.id) === true ? { current: expressionOf(node) } : {}),
    replay: options.replay ?? new Replay(),
    ...(options.isIncremental === undefined ? {} : { isIncremental: options.isIncremental }),
    ...(options.existing === undefined ? {} : { existing: options.existing }),
  });
  const made = {
    ...task,
    ...(options.overrides === undefined ? {} : { overrides: options.overrides }),
    ...(options.vars === undefined ? {} : { vars: options.vars }),
    ...(options.environment === undefined ? {} : { environment: options.environment }),
  };
  const extra =
    template === undefined ? made.extra : new Map<string, JinjaValue>([...(made.extra ?? []), ...template.names(made)]);
  try {
    const source = { text: template?.text ?? node.rawCode, path: node.path };
    const text = await executeText({ ...made, ...(extra === undefined ? {} : { extra }) }, source);
    if (options.inputs?.has(node.id) === true) met.unshift(node);
    for (const target of new Set(met)) await addExpression(asked, target, { options, expressions });
    return text.trim();
  } catch (error) {
    throw inNode(error, node);
  }
}

/** Inputs of a unit test are met as if they were ephemeral; what it does not give is not there. */
function withInputs(asked: Invocation, { inputs }: CompileOptions): Invocation {
  if (inputs === undefined) return asked;
  const ephemeral = (node: DbtNode | undefined): DbtNode | undefined =>
    node !== undefined && inputs.has(node.id)
      ? { ...node, type: "model", config: { ...node.config, materialized: "ephemeral" } }
      : undefined;
  return {
    ...asked,
    index: {
      ref: (call, from) => ephemeral(asked.index.ref(call, from)),
      source: (source, table, from) => ephemeral(asked.index.source(source, table, from)),
    },
  };
}

async function addExpression(asked: Invocation, target: DbtNode, { options, expressions }: Compiling): Promise<void> {
  const name = `__dbt__cte__${target.name}`;
  if (expressions.has(name)) return;
  const { isIncremental: _, replay: __, ...rest } = options;
  const body = options.inputs?.get(target.id) ?? (await rendered(asked, target, { options: rest, expressions }));
  expressions.set(name, body);
}

/** Puts expressions in front of a statement's own. */
function withExpressions(sql: string, expressions: ReadonlyMap<string, string>): string {
  if (expressions.size === 0) return sql;
  const parts = [...expressions].map(([name, body]) => `${name} as (\n${withoutSemicolon(body)}\n)`).join(",  ");
  const own = /^((?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*)with(\s+recursive)?(?=\s)/i.exec(sql);
  if (own === null) return `with ${parts}\n${sql}`;
  const [start, before = "", recursive = ""] = own;
  return `${before}with${recursive} ${parts},${sql.slice(start.length)}`;
}

export function withoutSemicolon(sql: string): string {
  return sql.trim().replace(/(?:;\s*)+$/, "");
}
