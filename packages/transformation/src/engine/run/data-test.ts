import type { DbtNode } from "../node.ts";
import { textOf } from "../plain.ts";
import type { Warehouse } from "../warehouse.ts";
import type { World } from "../world.ts";
import { nameOf, replaceRelation } from "./relations.ts";

export interface TestOutcome {
  readonly status: "pass" | "warn" | "fail";
  readonly failures: number;
  readonly message: string | null;
}

/** Runs a data test: its rows are the failures. They are stored when that is asked for. */
export async function runDataTest(
  { warehouse, flags }: Pick<World, "warehouse" | "flags">,
  node: DbtNode,
  sql: string,
): Promise<TestOutcome> {
  const { config } = node;
  const limit = config["limit"] === undefined || config["limit"] === null ? "" : `\nlimit ${Number(config["limit"])}`;
  const limited = `${sql}${limit}`;
  const stores = storesFailures(node, flags);
  if (stores) await storeFailures(warehouse, node, limited);
  const rows = stores ? `select * from ${nameOf(node)}` : limited;
  const calculation = textOf(config["fail_calc"], "count(*)");
  const { warnIf, errorIf } = thresholdsOf(node);
  const { rows: counted } = await warehouse.execute(
    `select ${calculation} as failures, ${calculation} ${warnIf} as should_warn, ${calculation} ${errorIf} as should_error from (\n${rows}\n) dbt_internal_test`,
  );
  const [failures, warns, errs] = counted[0] ?? [0, false, false];
  return testOutcome(node, flags, { failures: Number(failures ?? 0), warns: warns === true, errs: errs === true });
}

/** By which SQL a count of failures is a warning or an error. */
export function thresholdsOf({ config }: DbtNode): { readonly warnIf: string; readonly errorIf: string } {
  return { warnIf: textOf(config["warn_if"], "!= 0"), errorIf: textOf(config["error_if"], "!= 0") };
}

/** What was counted for a test, and whether its thresholds say that it is too many. */
export interface CountedTest {
  readonly failures: number;
  readonly warns: boolean;
  readonly errs: boolean;
}

export function testOutcome(
  node: DbtNode,
  { warnError }: Pick<World["flags"], "warnError">,
  { failures, warns, errs }: CountedTest,
): TestOutcome {
  const { warnIf, errorIf } = thresholdsOf(node);
  const told = `Got ${failures} result${failures === 1 ? "" : "s"}, configured to`;
  if (textOf(node.config["severity"], "ERROR").toUpperCase() === "ERROR" && errs)
    return { status: "fail", failures, message: `${told} fail if ${errorIf}` };
  if (!warns) return { status: "pass", failures, message: null };
  return {
    status: warnError ? "fail" : "warn",
    failures,
    message: `${told} ${warnError ? "fail" : "warn"} if ${warnIf}`,
  };
}

export function storesFailures({ config }: DbtNode, flags: World["flags"]): boolean {
  const how = config["store_failures_as"];
  if (how === "table" || how === "view") return true;
  if (how === "ephemeral") return false;
  const asked = config["store_failures"];
  return typeof asked === "boolean" ? asked : flags.storeFailures;
}

async function storeFailures(warehouse: Warehouse, node: DbtNode, sql: string): Promise<void> {
  const kind = node.config["store_failures_as"] === "view" ? "view" : "table";
  await replaceRelation(warehouse, node, {
    kind,
    create: async (name) => {
      await warehouse.execute(`create ${kind} ${name} as (\n${sql}\n)`);
    },
  });
}
