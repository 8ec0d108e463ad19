import type { DbtNode } from "./node.ts";
import { recordOf, textsOf } from "./plain.ts";
import type { World } from "./world.ts";

export type NodeNames = Pick<DbtNode, "id" | "type" | "name" | "package" | "path" | "fqn" | "config">;

/** A node with nothing in it but its names. */
export function blankNode({ warehouse, target }: World, names: NodeNames): DbtNode {
  return {
    ...names,
    rawCode: "",
    database: warehouse.database,
    schema: target.schema,
    alias: names.name,
    tags: textsOf(names.config["tags"]),
    meta: recordOf(names.config["meta"]),
    description: "",
    columns: [],
    constraints: [],
    refs: [],
    sources: [],
    dependsOn: [],
    macros: [],
    access: "protected",
    group: null,
    version: null,
    latestVersion: null,
    patchPath: null,
  };
}
