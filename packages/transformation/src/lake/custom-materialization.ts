import { transformationErrors } from "../errors.ts";
import { materializationMacro } from "../engine/macros.ts";
import { callMaterialization } from "../engine/run/call-materialization.ts";
import { lakeInvocation } from "./compile.ts";
import type { DbtModel, DbtProject } from "./lake-project.ts";
import { told } from "./run-hooks.ts";
import { writingWarehouse, type WritableLake } from "./writing-warehouse.ts";

/** Builds a model by its project's own materialization, whose statements change the lake. It must leave the model's table. */
export async function materializeByMacro(
  lakehouse: WritableLake,
  { project, model, sql }: { readonly project: DbtProject; readonly model: DbtModel; readonly sql: string },
): Promise<void> {
  const { node, path, name } = model;
  const kind = model.config.customName ?? "";
  const macro = materializationMacro(project.world.macros, kind, node.package);
  if (macro === undefined) throw new Error(`${kind} was known when the project was read`);
  const options = { relation: (table: string) => lakehouse.relation(table), isIncremental: false, lakehouse };
  const asked = lakeInvocation(project, options, writingWarehouse(lakehouse));
  await told(`the materialization ${kind} of ${path}`, node, () => callMaterialization(asked, node, { macro, sql }));
  if ((await lakehouse.table(name)) !== undefined) return;
  throw transformationErrors.create("transformation/sql", {
    because: `${path}: the materialization ${kind} left no table or view ${name}`,
    where: { file: path },
  });
}
