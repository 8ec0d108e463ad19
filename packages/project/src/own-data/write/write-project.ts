import type { OwnDataPlan } from "../plan.ts";
import { callerFile, checksFile, monitorFile, serviceFile } from "./write-others.ts";
import { featuresFile } from "./write-features.ts";
import { historyModel } from "./write-history.ts";
import { readmeFile } from "./write-readme.ts";
import { sourceFile } from "./write-source.ts";
import { schemaFile, stagingModel } from "./write-staging.ts";
import { testFile } from "./write-test.ts";
import { trainingFile } from "./write-training.ts";

export interface WriteOptions {
  readonly name: string;
  /** A row as a caller sends it. */
  readonly example: Readonly<Record<string, unknown>>;
}

/** Every file of the project, by its path in it, but for the data itself. */
export function projectFiles(plan: OwnDataPlan, { name, example }: WriteOptions): Readonly<Record<string, string>> {
  const { table, entity } = plan;
  const identifier = name.replaceAll("-", "_").replace(/^(?=\d)/, "p_");
  return {
    "millwright.ts": `import { defineProject } from "millwright";

export default defineProject({
  name: "${name}",
  description: ${JSON.stringify(`${plan.label.value.column.source}, learned from ${plan.file.name}`)},
});
`,
    "dbt_project.yml": `name: ${identifier}
version: "1.0"
model-paths: ["models"]
macro-paths: ["macros"]
test-paths: ["tests"]

models:
  ${identifier}:
    +materialized: table
`,
    "tsconfig.json": '{ "extends": "./.mill/tsconfig.json" }\n',
    "README.md": readmeFile(plan, { name, example }),
    [`sources/${table}.ts`]: sourceFile(plan),
    [`models/staging/${table}.sql`]: stagingModel(plan),
    "models/staging/schema.yml": schemaFile(plan),
    ...(entity === undefined ? {} : { [`models/marts/${table}_by_${entity.value.name}.sql`]: historyModel(plan) }),
    [`checks/${table}.ts`]: checksFile(plan),
    [`features/${table}.ts`]: featuresFile(plan),
    [`training/${table}.ts`]: trainingFile(plan),
    [`services/${table}.ts`]: serviceFile(plan),
    [`monitors/${table}.ts`]: monitorFile(plan),
    [`tests/${table}.test.ts`]: testFile(plan, example),
    "app/ask.ts": callerFile(plan, example),
  };
}
