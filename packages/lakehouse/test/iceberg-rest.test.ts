import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock, systemIds } from "@millwright/kernel";
import { migrate, type Database, type Protocol } from "@millwright/platform";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDatabaseBranches } from "../src/adapters/database-branches.ts";
import { openDatabaseIcebergEntries } from "../src/adapters/database-iceberg-entries.ts";
import { openDatabaseTableCatalog } from "../src/adapters/database-table-catalog.ts";
import { openLocalObjectStore } from "../src/adapters/local-object-store.ts";
import { icebergProtocol } from "../src/iceberg-http.ts";
import { checkedStore, lakehouseMigrations, type Branches } from "../src/index.ts";

let folder: string;
let database: Database;
let branches: Branches;
let protocol: Protocol;
let changed: string[];
let clients: { id: string; secret: string }[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mill-iceberg-"));
  database = openSqliteDatabase({ path: join(folder, "metadata.db") });
  await migrate(database, [lakehouseMigrations], 0);
  branches = openDatabaseBranches({ database, clock: systemClock, ids: systemIds });
  const catalog = openDatabaseTableCatalog({ database, ids: systemIds });
  const store = checkedStore(openLocalObjectStore({ root: join(folder, "lake") }), catalog);
  changed = [];
  clients = [];
  protocol = icebergProtocol({
    name: "flights",
    logger: silentLogger,
    clock: systemClock,
    clients: () => clients,
    locateNow: (key) =>
      openDatabaseIcebergEntries({ database, clock: systemClock, ids: systemIds, branch: "main" }).locateNow?.(key),
    world: async (branch) => {
      if (branch !== "main" && !(await branches.list()).some(({ name }) => name === branch)) return undefined;
      return {
        entries: openDatabaseIcebergEntries({ database, clock: systemClock, ids: systemIds, branch }),
        store,
        clock: systemClock,
        ids: systemIds,
        logger: silentLogger,
        changed: (keys) => {
          changed.push(...keys);
          return Promise.resolve();
        },
      };
    },
  });
});

afterEach(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

async function ask(method: string, address: string, body?: unknown, headers = {}) {
  const [path = "", query] = address.split("?");
  const text = typeof body === "string" ? body : JSON.stringify(body ?? {});
  const request = { method, path, query: new URLSearchParams(query), headers, body: Buffer.from(text) };
  const reply = await protocol.answer(request).catch((error: unknown) => protocol.refuse(error));
  const given = reply.body === undefined ? "" : Buffer.from(reply.body).toString();
  return { ...reply, text: given, json: given === "" ? undefined : JSON.parse(given) };
}

const SCHEMA = { type: "struct", "schema-id": 0, fields: [{ id: 7, name: "id", required: false, type: "long" }] };
const create = (name: string, more = {}) =>
  ask("POST", "/v1/namespaces/sales/tables", { name, schema: SCHEMA, ...more });
const rename = (name: string) => ({
  requirements: [{ type: "assert-current-schema-id", "current-schema-id": 0 }],
  updates: [
    { action: "add-schema", schema: { ...SCHEMA, fields: [{ ...SCHEMA.fields[0], id: 1, name }] } },
    { action: "set-current-schema", "schema-id": -1 },
  ],
});

describe("the Iceberg catalog", () => {
  test("keeps namespaces with properties, and nested ones", async () => {
    expect((await ask("POST", "/v1/namespaces", { namespace: ["a", "b"], properties: { owner: "x" } })).status).toBe(
      200,
    );
    expect((await ask("POST", "/v1/namespaces", { namespace: ["a", "b"] })).json.error).toEqual({
      message: "Namespace already exists: a.b",
      type: "AlreadyExistsException",
      code: 409,
    });
    expect((await ask("GET", "/v1/namespaces")).json.namespaces).toEqual([["a"], ["main"]]);
    expect((await ask("GET", "/v1/namespaces?parent=a")).json.namespaces).toEqual([["a", "b"]]);
    const change = { removals: ["owner", "none"], updates: { team: "y" } };
    expect((await ask("POST", "/v1/namespaces/a%1Fb/properties", change)).json).toEqual({
      updated: ["team"],
      removed: ["owner"],
      missing: ["none"],
    });
    expect((await ask("GET", "/v1/namespaces/a%1Fb")).json.properties).toEqual({ team: "y" });
    const both = { removals: ["team"], updates: { team: "z" } };
    expect((await ask("POST", "/v1/namespaces/a%1Fb/properties", both)).json.error.code).toBe(422);
    expect((await ask("DELETE", "/v1/namespaces/a")).json.error.type).toBe("NamespaceNotEmptyException");
    expect((await ask("DELETE", "/v1/namespaces/a%1Fb")).status).toBe(204);
    expect((await ask("HEAD", "/v1/namespaces/a%1Fb")).status).toBe(404);
  });

  test("creates, lists by pages, renames and drops tables", async () => {
    for (const name of ["one", "two", "x.y/z"]) expect((await create(name)).status).toBe(200);
    expect((await create("one")).json.error.message).toBe("Table already exists: sales.one");
    const first = (await ask("GET", "/v1/namespaces/sales/tables?pageSize=2")).json;
    expect(first.identifiers.map(({ name }: { name: string }) => name)).toEqual(["one", "two"]);
    const token = String(first["next-page-token"]);
    expect((await ask("GET", `/v1/namespaces/sales/tables?pageSize=2&pageToken=${token}`)).json).toEqual({
      identifiers: [{ namespace: ["sales"], name: "x.y/z" }],
    });
    const move = { source: { namespace: ["sales"], name: "one" }, destination: { namespace: ["sales"], name: "two" } };
    expect((await ask("POST", "/v1/tables/rename", move)).status).toBe(409);
    const free = { ...move, destination: { namespace: ["main"], name: "orders" } };
    expect((await ask("POST", "/v1/tables/rename", free)).status).toBe(204);
    expect((await ask("HEAD", "/v1/namespaces/main/tables/orders")).status).toBe(204);
    expect((await ask("DELETE", "/v1/namespaces/sales/tables/x.y%2Fz")).status).toBe(204);
    expect((await ask("GET", "/v1/namespaces/sales/tables/x.y%2Fz")).json.error.type).toBe("NoSuchTableException");
    expect(changed).toContain("orders");
  });

  test("answers 304 to who has the table already, and anew after a commit", async () => {
    await create("one");
    const { headers, json } = await ask("GET", "/v1/namespaces/sales/tables/one");
    expect(json.metadata.schemas[0].fields[0].id).toBe(1);
    const known = { "if-none-match": headers?.["etag"] ?? "" };
    expect(await ask("GET", "/v1/namespaces/sales/tables/one", "", known)).toMatchObject({ status: 304, text: "" });
    expect((await ask("POST", "/v1/namespaces/sales/tables/one", rename("key"))).status).toBe(200);
    expect((await ask("GET", "/v1/namespaces/sales/tables/one", "", known)).status).toBe(200);
  });

  test("what was loaded before is at hand as it is now, whoever commits, and for whom it is", async () => {
    const address = "/v1/namespaces/sales/tables/one";
    const now = (headers = {}) => protocol.answerNow?.({ method: "GET", path: address, headers });
    await create("one");
    expect(now()).toBeUndefined();
    const first = await ask("GET", address);
    expect(now()).toMatchObject({ status: 200, headers: first.headers });
    expect(String(now()?.body)).toBe(first.text);
    const known = { "if-none-match": first.headers?.["etag"] ?? "" };
    expect(now(known)).toEqual({ status: 304, headers: first.headers });
    // Another process, and one that has not said yet whether it commits.
    const other = openSqliteDatabase({ path: join(folder, "metadata.db") });
    const entries = openDatabaseIcebergEntries({ database: other, clock: systemClock, ids: systemIds, branch: "main" });
    const entry = await entries.get("sales\u001fone");
    if (entry === undefined) throw new Error("there is no table");
    const begun = other.as<{ lake_entry: { name: string; metadata_location: string } }>();
    await expect(
      begun.transaction().execute(async (transaction) => {
        await transaction.updateTable("lake_entry").set({ metadata_location: "/nowhere" }).execute();
        expect(now(known)?.status).toBe(304);
        throw new Error("undone");
      }),
    ).rejects.toThrow("undone");
    expect((await ask("POST", address, rename("key"))).status).toBe(200);
    expect(now(known)).toBeUndefined();
    const second = await ask("GET", address, "", known);
    expect([second.status, String(now(known)?.body)]).toEqual([200, second.text]);
    expect(await entries.commit([{ entry, expected: second.json["metadata-location"] }], [])).toBeUndefined();
    expect(now(known)?.status).toBe(304);
    clients = [{ id: "spark", secret: "horse" }];
    expect(now(known)).toBeUndefined();
    clients = [];
    expect(await entries.remove("sales\u001fone")).toBe(true);
    expect(now()).toBeUndefined();
    await other.close();
  });

  test("refuses a commit whose requirement does not hold, whoever was first", async () => {
    await create("one");
    const both = await Promise.all(
      ["a", "b"].map((name) => ask("POST", "/v1/namespaces/sales/tables/one", rename(name))),
    );
    expect(both.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 409]);
    const loser = both.find(({ status }) => status === 409);
    expect(loser?.json.error.type).toBe("CommitFailedException");
    expect(loser?.json.error.message).toContain("Requirement failed: current schema changed: expected id 0 != 1");
  });

  test("commits several tables in one step or none", async () => {
    await create("one");
    await create("two");
    const change = (name: string, uuid: string) => ({
      identifier: { namespace: ["sales"], name },
      requirements: [{ type: "assert-table-uuid", uuid }],
      updates: [{ action: "set-properties", updates: { team: "x" } }],
    });
    const uuid = async (name: string) =>
      (await ask("GET", `/v1/namespaces/sales/tables/${name}`)).json.metadata["table-uuid"];
    const team = async (name: string) =>
      (await ask("GET", `/v1/namespaces/sales/tables/${name}`)).json.metadata.properties.team;
    const half = { "table-changes": [change("one", await uuid("one")), change("two", "other")] };
    expect((await ask("POST", "/v1/transactions/commit", half)).status).toBe(409);
    expect(await team("one")).toBeUndefined();
    const whole = { "table-changes": [change("one", await uuid("one")), change("two", await uuid("two"))] };
    expect((await ask("POST", "/v1/transactions/commit", whole)).status).toBe(204);
    expect([await team("one"), await team("two")]).toEqual(["x", "x"]);
  });

  test("keeps ids of 64 bits to the last digit", async () => {
    const { json } = await create("one");
    const id = "9223372036854775807";
    const list = `${json.metadata.location}/metadata/list.avro`;
    const commit = `{"requirements":[],"updates":[{"action":"add-snapshot","snapshot":{"snapshot-id":${id},"sequence-number":1,"timestamp-ms":5,"manifest-list":"${list}","summary":{"operation":"append"},"schema-id":0}},{"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":${id}}]}`;
    expect((await ask("POST", "/v1/namespaces/sales/tables/one", commit)).status).toBe(200);
    const { text } = await ask("GET", "/v1/namespaces/sales/tables/one");
    expect(text).toContain(`"current-snapshot-id":${id}`);
    const moved = `{"requirements":[{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":9223372036854775806}],"updates":[]}`;
    expect((await ask("POST", "/v1/namespaces/sales/tables/one", moved)).json.error.message).toContain(
      `branch main has changed: expected id 9223372036854775806 != ${id}`,
    );
    expect((await ask("GET", "/v1/namespaces/sales/tables/one?snapshots=refs")).text).toContain(`"snapshot-id":${id}`);
  });

  test("is of a branch when the warehouse says so, and is published with it", async () => {
    await create("one");
    await branches.create("audit");
    const { prefix } = (await ask("GET", "/v1/config?warehouse=flights@audit")).json.overrides;
    const change = { updates: [{ action: "set-properties", updates: { seen: "yes" } }] };
    expect((await ask("POST", `/v1/${prefix}/namespaces/sales/tables/one`, change)).status).toBe(200);
    const seen = async () => (await ask("GET", "/v1/namespaces/sales/tables/one")).json.metadata.properties.seen;
    expect(await seen()).toBeUndefined();
    expect((await branches.publish("audit", "")).map(({ name }) => name)).toEqual(["sales.one"]);
    expect(await seen()).toBe("yes");
    expect((await ask("GET", "/v1/config?warehouse=flights@none")).json.error.code).toBe(404);
  });

  test("keeps views, whose dialects do not get lost", async () => {
    const version = (sql: string, dialect: string) => ({
      "version-id": 1,
      "timestamp-ms": 5,
      "schema-id": 0,
      summary: {},
      representations: [{ type: "sql", sql, dialect }],
      "default-namespace": ["sales"],
    });
    const view = { name: "v", schema: SCHEMA, "view-version": version("select 1", "spark"), properties: {} };
    expect((await ask("POST", "/v1/namespaces/sales/views", view)).status).toBe(200);
    expect((await create("v")).json.error.message).toBe("View with same name already exists: sales.v");
    const replace = (dialect: string) => ({
      updates: [
        { action: "add-view-version", "view-version": version("select 2", dialect) },
        { action: "set-current-view-version", "view-version-id": -1 },
      ],
    });
    expect((await ask("POST", "/v1/namespaces/sales/views/v", replace("trino"))).status).toBe(400);
    const { json } = await ask("POST", "/v1/namespaces/sales/views/v", replace("spark"));
    expect(json.metadata["current-version-id"]).toBe(2);
    expect(json.metadata["version-log"]).toHaveLength(2);
    expect((await ask("DELETE", "/v1/namespaces/sales/views/v")).status).toBe(204);
  });

  test("reads and writes nothing outside the warehouse, however a place is written", async () => {
    const canary = join(folder, "canary.metadata.json");
    const { json } = await create("one");
    await writeFile(canary, JSON.stringify(json.metadata));
    const root = join(folder, "lake");
    const places = [
      canary,
      `file://${canary}`,
      `${root}/../canary.metadata.json`,
      `file://${root}/../canary.metadata.json`,
      `file://${root}/%2e%2e/canary.metadata.json`,
      `file:////${canary}`,
      `file://host${canary}`,
      `s3://bucket/key`,
      `\0${canary}`,
      "../canary.metadata.json",
    ];
    for (const [index, place] of places.entries()) {
      const body = { name: `r${index}`, "metadata-location": place };
      const reply = await ask("POST", "/v1/namespaces/sales/register", body);
      expect([place, reply.status >= 400 && reply.status < 500]).toEqual([place, true]);
      expect(reply.text).not.toContain("table-uuid");
      const written = { properties: { "write.metadata.path": place } };
      const created = await create(`c${index}`, written);
      expect([place, created.status >= 400 && created.status < 500]).toEqual([place, true]);
    }
    const elsewhere = await create("elsewhere", { location: `file://${folder}/outside` });
    expect(elsewhere.json["metadata-location"]).toContain(`${root}/tables/`);
    expect(await readFile(canary, "utf8")).toBe(JSON.stringify(json.metadata));
  });

  test("lets in who has a token of a named client, and whoever asks while none is named", async () => {
    const grant = (secret: string) =>
      ask("POST", "/v1/oauth/tokens", `grant_type=client_credentials&client_id=spark&client_secret=${secret}`);
    const early = (await grant("any")).json.access_token;
    expect((await ask("GET", "/v1/namespaces")).status).toBe(200);
    clients = [{ id: "spark", secret: "s3cret" }];
    expect((await ask("GET", "/v1/namespaces")).json.error.type).toBe("NotAuthorizedException");
    expect((await ask("GET", "/v1/config", "", { authorization: `Bearer ${early}` })).status).toBe(401);
    expect(await grant("wrong")).toMatchObject({ status: 401, json: { error: "invalid_client" } });
    const { json } = await grant("s3cret");
    const authorization = `Bearer ${json.access_token}`;
    expect((await ask("GET", "/v1/namespaces", "", { authorization })).status).toBe(200);
    clients = [{ id: "spark", secret: "another" }];
    expect((await ask("GET", "/v1/namespaces", "", { authorization })).status).toBe(401);
  });

  test("tells what it cannot read with a status of the caller's", async () => {
    await create("one");
    const table = "/v1/namespaces/sales/tables/one";
    const bad: readonly (readonly [string, string, unknown])[] = [
      ["POST", "/v1/namespaces", "{"],
      ["POST", "/v1/namespaces", { namespace: "a" }],
      ["POST", "/v1/namespaces", { namespace: ["a\u0000"] }],
      ["POST", table, { updates: [{ action: "no-such" }] }],
      ["POST", table, { updates: [{ action: "__proto__" }] }],
      ["POST", table, { updates: [{ action: "set-current-schema", "schema-id": 9 }] }],
      ["POST", table, { requirements: [{ type: "no-such" }], updates: [] }],
      [
        "POST",
        table,
        { updates: [{ action: "add-spec", spec: { fields: [{ "source-id": 1, name: "d", transform: "day" }] } }] },
      ],
      [
        "POST",
        "/v1/namespaces/sales/tables",
        { name: "t", schema: { type: "struct", fields: [{ id: 1, name: "a", type: "strange" }] } },
      ],
      ["POST", "/v1/namespaces/main/tables", { name: "not a name", schema: SCHEMA }],
      ["GET", `${table}?snapshots=some`, undefined],
      ["GET", "/v1/namespaces/sales/tables?pageSize=0", undefined],
      ["GET", "/v1/%zz", undefined],
    ];
    for (const [method, path, body] of bad)
      expect([path, body, (await ask(method, path, body)).status]).toEqual([path, body, 400]);
    expect((await ask("GET", "/v1/nothing/here")).json.error.code).toBe(404);
  });
});
