import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mill, millJson, type Answer } from "./support/project.ts";

// What dbt users expect of a project's models, on the road: seeds, snapshots, packages, macros that ask the database,
// tests of one's own with thresholds, and errors at the template's line.

const FILES: Readonly<Record<string, string>> = {
  "millwright.ts": `import { defineProject } from "millwright";\nexport default defineProject({ name: "shop" });\n`,
  "dbt_project.yml": `name: shop\nvars: {floor: 2}\non-run-start: "create table if not exists audit (what varchar not null, run varchar)"\non-run-end: "{{ audit(results) }}"\nmodels:\n  shop:\n    +materialized: table\nseeds:\n  shop:\n    items:\n      +column_types: {sku: varchar, updated_at: timestamp}\n`,
  "macros/audit.sql": `{% macro audit(results) %}insert into audit (what) values {% for end in results %}('{{ end.node.name }} {{ end.status }}'){{ "," if not loop.last }}{% endfor %}{% endmacro %}
{% materialization kept, default %}
  {% call statement('main') %}create table {{ this }} as select *, '{{ config.get("mark") }}' as mark from ({{ sql }}){% endcall %}
  {{ return({'relations': [this]}) }}
{% endmaterialization %}`,
  "models/keeper.sql": `{{ config(materialized='kept', mark='own', pre_hook="insert into audit (run, what) values ('pre', '{{ this.name }}')",
  post_hook=["delete from {{ this }} where sku = '002'", "insert into audit values ('{{ this.identifier }} hooked', 'post')"]) }}
select sku from {{ ref('items') }}
`,
  ...Object.fromEntries(
    ["ignore", "append_new_columns", "sync_all_columns", "fail"].map((rule) => [
      `models/on_${rule}.sql`,
      `{{ config(materialized='incremental', on_schema_change='${rule}') }}\nselect sku, price from {{ ref('items') }}\n`,
    ]),
  ),
  "packages.yml": "packages:\n  - local: tools\n",
  "tools/dbt_project.yml": "name: tools\n",
  "tools/macros/tools.sql": `{% macro kinds(rel) %}{% set found = run_query('select distinct kind from ' ~ rel ~ ' order by 1') %}{% if execute %}{{ return(found.columns[0].values() | list) }}{% endif %}{{ return([]) }}{% endmacro %}
{% macro shout(x) %}{{ return(adapter.dispatch('shout', 'tools')(x)) }}{% endmacro %}
{% macro default__shout(x) %}upper({{ x }}){% endmacro %}`,
  "tests/generic/at_least.sql":
    "{% test at_least(model, column_name, low=0) %}select * from {{ model }} where {{ column_name }} < {{ low }}{% endtest %}",
  "seeds/items.csv": "sku,kind,price,updated_at\n001,book,3,2024-01-01 00:00:00\n002,toy,1,2024-01-01 00:00:00\n",
  "snapshots/items.yml":
    "snapshots:\n  - name: items_history\n    relation: ref('items')\n    config: {unique_key: sku, strategy: timestamp, updated_at: updated_at, hard_deletes: invalidate}\n",
  "models/by_kind.sql":
    "{%- set kinds = tools.kinds(ref('items')) -%}\nselect count(*) as n{% for k in kinds %}, count(*) filter (kind = '{{ k }}') as {{ k }}{% endfor %} from {{ ref('items') }}\n",
  "models/loud.sql":
    "{{ config(materialized='incremental', unique_key='sku') }}\nselect sku, {{ tools.shout('kind') }} as kind, price from {{ ref('items') }}\n{% if is_incremental() %}where price > {{ var('floor') }}{% endif %}\n",
  "models/schema.yml": `models:
  - name: loud
    description: Every item, loudly.
    columns:
      - name: price
        description: "{{ doc('money') }}"
        data_tests:
          - at_least: {arguments: {low: 2}, config: {error_if: ">5", warn_if: ">0"}}
          - at_least: {name: bearable, arguments: {low: 2}, config: {warn_if: ">1", error_if: ">1", store_failures: true}}
`,
  "models/seen.sql": "{{ config(materialized='view') }}\nselect price from {{ ref('items') }}\n",
  "models/seen.yml": `models:
  - name: seen
    description: What may be seen.
    columns: [{name: price, description: "{{ doc('money') }}"}]
`,
  "macros/inner.sql": "{% macro inner(x) %}\n{{ missing(x) }}{% endmacro %}\n",
  "models/docs.md": "{% docs money %}In whole francs.{% enddocs %}\n",
};

let project: string;
let first: Answer;

function write(file: string, text: string): void {
  mkdirSync(dirname(join(project, file)), { recursive: true });
  writeFileSync(join(project, file), text);
}

function rows(sql: string): unknown {
  return (millJson(["sql", sql, "--project", project]) as { rows: unknown }).rows;
}

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "mill-dbt-road-"));
  for (const [file, text] of Object.entries(FILES)) write(file, text);
  first = mill(["run", "--project", project]);
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

test("seeds, macros of a package, queries of a template and thresholds of tests hold on the road", () => {
  expect(first.code, first.stdout + first.stderr).toBe(0);
  expect(rows("select sku, kind from loud order by 1")).toEqual([
    ["001", "BOOK"],
    ["002", "TOY"],
  ]);
  expect(rows("select * from by_kind")).toEqual([[2, 1, 1]]);
  expect(first.stdout + first.stderr).toContain("at_least_loud_price__2 fails for 1 row");
  expect(rows("select sku from bearable")).toEqual([["002"]]);
});

test("hooks of the run and of a model, and a materialization of the project's own, change the lake", () => {
  expect(rows("select * from keeper")).toEqual([["001", "own"]]);
  expect(rows("select what, run from audit where run is not null order by 2")).toEqual([
    ["keeper hooked", "post"],
    ["keeper", "pre"],
  ]);
  const ends = rows("select what from audit where run is null") as string[][];
  expect(ends.flat()).toEqual(expect.arrayContaining(["keeper success", "items success", "on_fail success"]));
});

test.each(["loud", "seen"])("a description and a docs block are shown with the table %s", (table) => {
  const { columns, properties } = millJson(["table", "show", table, "--project", project]) as {
    columns: { name: string; doc?: string }[];
    properties: { comment?: string };
  };
  expect(columns.find(({ name }) => name === "price")?.doc).toBe("In whole francs.");
  expect(properties.comment).toMatch(/^(Every item, loudly|What may be seen)\.$/);
});

test("a second load closes a snapshot's rows and adds their next versions; an increment changes what it selects", () => {
  write(
    "seeds/items.csv",
    "sku,kind,price,updated_at\n001,comic,4,2024-02-01 00:00:00\n003,game,1,2024-02-01 00:00:00\n",
  );
  for (const rule of ["ignore", "append_new_columns", "sync_all_columns"])
    write(
      `models/on_${rule}.sql`,
      `{{ config(materialized='incremental', on_schema_change='${rule}') }}\nselect sku, kind${rule === "ignore" ? ", price" : '{{ ", price" if not is_incremental() }}'} from {{ ref('items') }}\n`,
    );
  const again = mill(["run", "--project", project]);
  expect(again.code, again.stdout + again.stderr).toBe(0);
  expect(
    rows("select sku, kind, dbt_valid_to is null, dbt_valid_from::varchar from items_history order by 1, 4"),
  ).toEqual([
    ["001", "book", false, "2024-01-01 00:00:00"],
    ["001", "comic", true, "2024-02-01 00:00:00"],
    ["002", "toy", false, "2024-01-01 00:00:00"],
    ["003", "game", true, "2024-02-01 00:00:00"],
  ]);
  expect(rows("select sku, kind from loud order by 1")).toEqual([
    ["001", "COMIC"],
    ["002", "TOY"],
  ]);
});

test("on_schema_change: new columns are left out, added, or take the place of those that are gone", () => {
  const columns = (table: string) => (rows(`select name from pragma_table_info('${table}')`) as string[][]).flat();
  expect(columns("on_ignore")).toEqual(["sku", "price"]);
  expect(columns("on_append_new_columns")).toEqual(["sku", "price", "kind"]);
  expect(columns("on_sync_all_columns")).toEqual(["sku", "kind"]);
  const added = "select sku, price, kind from on_append_new_columns order by all";
  expect(rows(added)).toEqual([
    ["001", 3, null],
    ["001", null, "comic"],
    ["002", 1, null],
    ["003", null, "game"],
  ]);
});

test("columns that may not change, and a hook's statement that the lake does not know, are told with their file", () => {
  write(
    "models/on_fail.sql",
    "{{ config(materialized='incremental', on_schema_change='fail') }}\nselect sku, kind from {{ ref('items') }}\n",
  );
  write("models/unhooked.sql", "{{ config(pre_hook='update items set price = 0') }}\nselect 1 as one\n");
  const { code, stdout } = mill(["run", "--json", "--project", project]);
  expect(code).toBe(1);
  expect(stdout).toContain("models/on_fail.sql: the source and target schemas are out of sync: added kind, gone price");
  expect(stdout).toContain("a pre_hook of models/unhooked.sql: `update items set price = 0`");
});

test("an error of the database is told at the template's line, below a loop that prints many", () => {
  write(
    "models/wrong.sql",
    "select\n{% for n in range(4) %}\n  {{ n }} as c{{ n }},\n{% endfor %}\n  no_such_column\nfrom {{ ref('items') }}\n",
  );
  const { code, stdout } = mill(["run", "--json", "--project", project]);
  expect(code).not.toBe(0);
  expect(stdout).toContain("models/wrong.sql:5");
  expect(stdout).toMatch(/Candidate bindings: /);
});

test.each([
  [
    "models/wrong.sql",
    "select 1\nfrom {{ ref('itmes') }}\n",
    /models\/wrong\.sql:2: ref\('itmes'\) names no model; did you mean items\?/,
  ],
  [
    "models/wrong.sql",
    "select\n  {{ inner(1) }}\n",
    /macros\/inner\.sql:2: 'missing' is undefined.*in macro inner at macros\/inner\.sql:1, called at models\/wrong\.sql:2/,
  ],
  ["models/wrong.sql", "select 1 as one\nfrom {{ ref('items') }}\nwhere\n", /models\/wrong\.sql:3: Parser Error/],
])("a slip in %s is told by %#", (file, text, told) => {
  write(file, text);
  const { code, stdout } = mill(["check", "--json", "--project", project]);
  expect(code).toBe(1);
  expect((JSON.parse(stdout) as { error: { detail: string } }).error.detail).toMatch(told);
});
