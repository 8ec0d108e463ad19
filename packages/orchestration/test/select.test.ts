import { expect, test } from "vitest";
import { select, type TaskChange } from "../src/domain/graph.ts";
import type { Task } from "../src/task.ts";

function task(name: string, reads: readonly string[], more: Pick<Task, "tags" | "path"> = {}): Task {
  return {
    id: `table:${name}`,
    kind: "table",
    name,
    reads: reads.map((read) => `table:${read}`),
    waitsFor: [],
    ...more,
    definitionHash: () => Promise.resolve(""),
    run: () => Promise.reject(new Error("not run here")),
  };
}

const tasks = [
  task("raw", []),
  task("stg_sales", ["raw"], { tags: ["daily"], path: "models/staging/stg_sales.sql" }),
  task("stg_shops", ["raw"], { path: "models/staging/stg_shops.sql" }),
  task("sales", ["stg_sales", "stg_shops"], { tags: ["daily", "mart"], path: "models/marts/sales.sql" }),
  task("report", ["sales"], { path: "models/marts_old/report.sql" }),
];

test.each([
  ["sales", "sales"],
  ["table:sales", "sales"],
  ["+sales", "raw stg_sales stg_shops sales"],
  ["1+sales", "stg_sales stg_shops sales"],
  ["raw+", "raw stg_sales stg_shops sales report"],
  ["raw+1", "raw stg_sales stg_shops"],
  ["1+stg_sales+1", "raw stg_sales sales"],
  ["stg_*", "stg_sales stg_shops"],
  ["tag:daily", "stg_sales sales"],
  ["tag:mart+", "sales report"],
  ["path:models/staging", "stg_sales stg_shops"],
  ["path:models/marts/", "sales"],
  ["path:models/marts/sales.sql", "sales"],
  ["tag:daily,path:models/marts", "sales"],
  ["raw+,+stg_sales", "raw stg_sales"],
  ["state:modified", "stg_shops sales"],
  ["state:new", "sales"],
  ["state:modified+,tag:mart", "sales"],
  ["state:unmodified,stg_*", "stg_sales"],
])("%s", (selector, expected) => {
  const changed = { stg_shops: "modified", sales: "new" } as Readonly<Record<string, TaskChange>>;
  const changes = new Map(tasks.map(({ id, name }) => [id, changed[name] ?? "unmodified"]));
  const chosen = select(tasks, [selector], changes);
  expect(tasks.filter(({ id }) => chosen.has(id)).map(({ name }) => name)).toEqual(expected.split(" "));
});

test.each(["nothing", "tag:none", "path:model", "sal.s", "x*", "state:odd"])("%s names nothing", (selector) => {
  expect(() => select(tasks, [selector])).toThrow(expect.objectContaining({ code: "orchestration/unknown-task" }));
});
