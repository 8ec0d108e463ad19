import { defineErrors } from "@millwright/kernel";

export const transformationErrors = defineErrors("transformation", {
  "transformation/template": {
    status: 422,
    title: "A template could not be compiled",
    remedy: "Correct the template at the named line.",
    example: "models/marts/departures.sql:4: the block `if` is not closed",
  },
  "transformation/project-file": {
    status: 422,
    title: "A YAML file of the dbt project could not be read",
    remedy: "Correct the file at the named line.",
    example: "models/schema.yml:7: `models` must be a list",
  },
  "transformation/unknown-ref": {
    status: 422,
    title: "A model refers to something that does not exist",
    remedy: "Correct the name in `ref` or `source`, or add what it names.",
    example: "models/marts/departures.sql: ref('flihgts') names no model",
  },
  "transformation/duplicate-model": {
    status: 422,
    title: "Two models have the same name",
    remedy: "Rename one of the two files: a model's name is its file's.",
  },
  "transformation/cycle": {
    status: 422,
    title: "Models refer to each other in a circle",
    remedy: "Break the circle at one of the named models.",
    example: "a → b → a",
  },
  "transformation/unknown-materialization": {
    status: 422,
    title: "A model asks for a materialization that there is not",
    remedy: "Use table, view, incremental or ephemeral, or a materialization that the project's macros define.",
    example: "{{ config(materialized='table') }}",
  },
  "transformation/unknown-mirror": {
    status: 422,
    title: "A model asks to be mirrored in a format that there is not",
    remedy: "A table can be mirrored as delta and as hudi.",
    example: "{{ config(materialized='table', mirrors=['delta']) }}",
  },
  "transformation/statement": {
    status: 422,
    title: "A hook or a materialization has a statement that the lake does not know",
    remedy:
      "On the road, hooks ask (select), insert, delete, create tables and views, rename and drop them. `mill dbt` runs any statement on a DuckDB file.",
    example: "update orders set amount = 0",
  },
  "transformation/profile": {
    status: 422,
    exit: 2,
    title: "The target of a dbt project could not be read",
    remedy: "Correct profiles.yml: a profile of the project's name, with a target of the type duckdb.",
    example: "profiles.yml has no profile shop",
  },
  "transformation/dbt": {
    status: 422,
    exit: 2,
    title: "dbt's command could not be done",
    remedy: "Correct what is named; nothing was run.",
    example: "Model 'model.shop.sales' (models/sales.sql) depends on a node named 'slaes' which was not found",
  },
  "transformation/sql": {
    status: 422,
    title: "A model's SQL could not be run",
    remedy: "Correct the model; `.mill/compiled/` holds the SQL as it was sent.",
    example: 'models/marts/departures.sql: Referenced column "orgin" not found',
  },
});
