import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { startReferenceCatalog } from "./support/iceberg-catalog.ts";
import { end, mill, millJson, millUp } from "./support/project.ts";

// A project whose tables are in a catalog of others.

interface Other {
  readonly url: string;
  readonly warehouse: string;
  stop(): Promise<unknown>;
}

const SECRET = "correct:horse:battery";
const jars = inject("means").icebergCatalog;

/** A `mill up` of another project. */
async function startOtherMill(): Promise<Other> {
  const dir = mkdtempSync(join(tmpdir(), "mill-other-"));
  const engine = `icebergCatalog({ clients: { flights: env("OTHER_SECRET") } })`;
  writeFileSync(
    join(dir, "millwright.ts"),
    `import { defineProject, env, icebergCatalog } from "millwright";
export default defineProject({ name: "other", engines: { catalog: ${engine} } });
`,
  );
  const up = await millUp(dir);
  return {
    url: `http://127.0.0.1:${up.controlPort}/iceberg`,
    warehouse: join(dir, ".mill", "lake"),
    stop: async () => {
      await end(up);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A source, a view upon it and a table upon that. */
function smallProject(): string {
  const dir = mkdtempSync(join(tmpdir(), "mill-elsewhere-"));
  const files = {
    "data/orders.csv": "id,amount\n1,2.5\n2,3.5\n3,1\n",
    "sources/orders.ts": `import { defineSource } from "millwright";
export const orders = defineSource({ name: "orders_raw", path: "data/orders.csv", columns: { id: "long", amount: "double" } });
`,
    "dbt_project.yml": "name: tiny\nprofile: mill\nmodel-paths: [models]\n",
    "models/large.sql": "select * from {{ source('mill', 'orders_raw') }} where amount > 1\n",
    "models/large_total.sql":
      "{{ config(materialized='table') }}\nselect sum(amount) as amount from {{ ref('large') }}\n",
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  return dir;
}

const catalogs = [
  { name: "another `mill up`", start: startOtherMill, means: true },
  {
    name: "Iceberg's reference catalog",
    start: () => startReferenceCatalog(jars ?? ""),
    means: jars !== undefined && inject("full"),
  },
];

describe.each(catalogs)("tables in $name", ({ start, means }) => {
  describe.skipIf(!means)("of a project", () => {
    let other: Other;
    let projectDir: string;
    const at = () => ["--project", projectDir];
    const rows = (sql: string) => (millJson(["sql", sql, ...at()]) as { rows: unknown[][] }).rows;
    const error = (args: readonly string[]) => {
      const answer = mill([...args, ...at(), "--json"]);
      expect(answer.stdout + answer.stderr).not.toContain("horse");
      return { exit: answer.code, ...(JSON.parse(answer.stdout) as { error: { code: string; detail: string } }).error };
    };
    const engine = (more = "") =>
      writeFileSync(
        join(projectDir, "millwright.ts"),
        `import { defineProject, env, icebergRest } from "millwright";

export default defineProject({
  name: "flights",
  engines: {
    catalog: icebergRest({ url: ${JSON.stringify(other.url)}, locations: [${JSON.stringify(other.warehouse)}], credential: env("OTHER_CREDENTIAL")${more} }),
  },
});
`,
      );

    beforeAll(async () => {
      process.env["OTHER_SECRET"] = SECRET;
      process.env["OTHER_CREDENTIAL"] = `flights:${SECRET}`;
      other = await start();
      projectDir = smallProject();
      engine();
    }, 120_000);

    afterAll(async () => {
      await other.stop();
      rmSync(projectDir, { recursive: true, force: true });
      delete process.env["OTHER_SECRET"];
      delete process.env["OTHER_CREDENTIAL"];
    });

    test("the road makes them there, and a second run finds them unchanged", () => {
      const first = mill(["run", ...at(), "--json"]);
      expect(first.code, first.stderr).toBe(0);
      const again = millJson(["run", ...at()]) as { tasks: { id: string; state: string }[] };
      expect(again.tasks.filter(({ state }) => state === "done").map(({ id }) => id)).toEqual([]);
      expect(rows("select amount from large_total")).toEqual([[6]]);
      // Beside the table: a view of the engine's dialect.
      expect(rows("select count(*) from large")).toEqual([[2]]);
    });

    test("statements make, change and join tables there, in its namespaces too, and travel in time", () => {
      rows(
        "create table lab.daily.orders partitioned by (bucket(4, id)) as select 1 as id, 'a' as item union all select 2, 'b'",
      );
      rows("insert into lab.daily.orders values (3, 'c')");
      const [[before]] = rows("select max_by(snapshot_id, committed_at) from lab.daily.orders.snapshots") as [[number]];
      rows("update lab.daily.orders set item = 'x' where id = 2");
      rows("delete from lab.daily.orders where id = 1");
      expect(rows("select id, item from lab.daily.orders order by id")).toEqual([
        [2, "x"],
        [3, "c"],
      ]);
      expect(rows(`select id from lab.daily.orders for version as of ${before} order by id`)).toEqual([[1], [2], [3]]);
      expect(rows("select o.item from lab.daily.orders o join large l on l.id = o.id")).toEqual([["x"]]);
      rows("alter table lab.daily.orders add column price decimal(9,2)");
      expect(rows("select price from lab.daily.orders where id = 2")).toEqual([[null]]);
      rows("drop table lab.daily.orders");
      expect(error(["sql", "insert into lab.daily.orders values (1, 'a', 1)"]).code).toBe("lakehouse/unknown-table");
    });

    test("a project's branch is refused by name, and so is a secret that the catalog does not know", () => {
      expect(error(["run", "--branch", "audit"])).toMatchObject({ exit: 2, code: "lakehouse/branches-elsewhere" });
      const good = process.env["OTHER_CREDENTIAL"];
      process.env["OTHER_CREDENTIAL"] = "flights:wrong-horse";
      const refused = other.url.endsWith("/iceberg")
        ? { exit: 4, code: "lakehouse/catalog-not-authorized" }
        : undefined;
      if (refused !== undefined) expect(error(["sql", "select 1"])).toMatchObject(refused);
      process.env["OTHER_CREDENTIAL"] = "no-colon-in-it-horse";
      expect(error(["sql", "select 1"]).code).toBe("platform/missing-variable");
      process.env["OTHER_CREDENTIAL"] = good;
    });

    test("`mill up` sees what others commit, and sends clients of its own catalog to the other", async () => {
      const up = await millUp(projectDir);
      try {
        await up.road;
        const ask = async (sql: string) => {
          const response = await fetch(`http://127.0.0.1:${up.controlPort}/api/v1/sql`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ sql }),
          });
          return ((await response.json()) as { rows: unknown[][] }).rows;
        };
        await ask("create table told (id bigint)");
        expect(await ask("select count(*) from told")).toEqual([[0]]);
        const url = `${other.url}/v1/namespaces/flights/tables/told`;
        const authorization = await bearer(other.url);
        const commit = {
          requirements: [],
          updates: [{ action: "set-properties", updates: { told: "by another" } }],
        };
        const headers = { "content-type": "application/json", ...authorization };
        expect((await fetch(url, { method: "POST", headers, body: JSON.stringify(commit) })).status).toBe(200);
        expect((await fetch(url, { method: "DELETE", headers: authorization })).ok).toBe(true);
        await ask("create table told (id bigint, item varchar)");
        expect(await ask("select * from told")).toEqual([]);
        const own = await fetch(`http://127.0.0.1:${up.controlPort}/iceberg/v1/namespaces`);
        expect([own.status, await own.text()]).toEqual([404, expect.stringContaining(other.url)]);
      } finally {
        await end(up);
      }
    });

    test("a URL that others can read is refused, and one where nobody is is named", () => {
      engine();
      const write = (url: string) =>
        writeFileSync(
          join(projectDir, "millwright.ts"),
          `import { defineProject, icebergRest } from "millwright";
export default defineProject({ name: "flights", engines: { catalog: icebergRest({ url: "${url}", locations: [] }) } });
`,
        );
      write("http://catalog.example.org");
      expect(error(["sql", "select 1"])).toMatchObject({ exit: 2, code: "lakehouse/insecure-catalog" });
      write("http://127.0.0.1:9");
      expect(error(["sql", "select 1"]).code).toBe("lakehouse/catalog-unreachable");
    });
  });
});

async function bearer(url: string): Promise<Readonly<Record<string, string>>> {
  const response = await fetch(`${url}/v1/oauth/tokens`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ grant_type: "client_credentials", client_id: "flights", client_secret: SECRET }),
  });
  const { access_token: token } = (await response.json()) as { access_token: string };
  return { authorization: `Bearer ${token}` };
}
