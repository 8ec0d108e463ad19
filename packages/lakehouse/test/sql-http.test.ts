import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { silentLogger, systemClock, systemIds } from "@millwright/kernel";
import { createMetrics, startHttpServer, type HttpServer } from "@millwright/platform";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDuckdbEngine } from "../src/adapters/duckdb-sql-engine.ts";
import { createLakehouse, createRunningQueries, type Lakehouse } from "../src/index.ts";
import { sqlRoutes } from "../src/sql-http.ts";
import { openLake, type TestLake } from "./support/lake.ts";

const MOST = { timeoutMs: 600_000, rows: 50_000_000, memoryMb: 512, threads: 2 };
const ENDLESS = "select sum(hash(a.range + b.range)) from range(100000000) as a, range(100000000) as b";

let lake: TestLake;
let lakehouse: Lakehouse;
let server: HttpServer;
let url = "";
let enginesApart = 0;

beforeAll(async () => {
  lake = await openLake();
  lakehouse = await createLakehouse({
    ...lake.ports,
    engineApart: (limits = { memoryMb: 512, threads: 2 }) => {
      enginesApart += 1;
      const tempFolder = `${lake.folder}/tmp`;
      return createDuckdbEngine({ ...limits, folders: [lake.folder], tempFolder, logger: silentLogger });
    },
  });
  const running = createRunningQueries({ clock: systemClock, ids: systemIds });
  server = await startHttpServer({
    host: "127.0.0.1",
    port: 0,
    title: "Test",
    version: "1",
    routes: sqlRoutes(() => ({
      open: () => Promise.resolve(lakehouse),
      running,
      limits: MOST,
      engine: { memoryMb: 512, threads: 2 },
    })),
    events: [],
    metrics: createMetrics(),
    isReady: () => true,
    pages: { folder: () => undefined, placeholder: "" },
    logger: silentLogger,
  });
  url = `http://127.0.0.1:${server.port}/api/v1/sql`;
});

afterAll(async () => {
  await server.close();
  await lake.close();
});

const ask = (body: object, headers: Readonly<Record<string, string>> = {}) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

const problem = async (response: Response) => {
  const { code, status } = (await response.json()) as { code: string; status: number };
  return { code, status };
};

const running = async () => (await (await fetch(url)).json()) as { id: string; sql: string; startedAtMs: number }[];

/** Waits for what is under way to be so, whichever began first: events of other processes have no promise here. */
const untilRunning = (ids: readonly string[]) =>
  expect.poll(async () => (await running()).map(({ id }) => id).toSorted(), { timeout: 20_000 }).toEqual(ids);

describe("the format", () => {
  test.each([
    [
      {},
      undefined,
      "application/json",
      '{"columns":[{"name":"one","type":"int"}],"rows":[[1]],"truncated":false,"scans":[]}',
    ],
    [{}, "text/csv", "text/csv", "one\n1\n"],
    [{}, "text/*;q=0.5, application/x-ndjson", "application/x-ndjson", '{"one":1}\n'],
    [{}, "text/html, */*;q=0.1", "application/json", expect.stringContaining('"rows":[[1]]') as string],
    [{ format: "csv" }, "application/json", "text/csv", "one\n1\n"],
  ])("%j, Accept %s: %s", async (body, accept, type, expected) => {
    const response = await ask({ sql: "select 1 as one", ...body }, accept === undefined ? {} : { accept });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, type]);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await response.text()).toEqual(expected);
  });

  test("that there is not is refused", async () => {
    expect(await problem(await ask({ sql: "select 1" }, { accept: "text/html" }))).toEqual({
      code: "platform/bad-request",
      status: 400,
    });
  });

  test("parameters have types", async () => {
    const body = { sql: "select $1 + 1 as n, $2 as d", parameters: [1, { type: "date", value: "2001-01-02" }] };
    expect(await (await ask({ ...body, format: "csv" })).text()).toBe("n,d\n2,2001-01-02\n");
  });
});

describe("a statement under way", () => {
  test("is listed by its id, which its asker may choose, and cancelled by it", async () => {
    const answer = ask({ sql: ENDLESS, queryId: "mine" });
    await untilRunning(["mine"]);
    expect((await running())[0]).toMatchObject({ sql: ENDLESS, branch: "main" });
    expect(await problem(await ask({ sql: "select 1", queryId: "mine" }))).toEqual({
      code: "lakehouse/query-exists",
      status: 409,
    });
    expect((await fetch(`${url}/mine`, { method: "DELETE" })).status).toBe(200);
    expect(await problem(await answer)).toEqual({ code: "lakehouse/query-cancelled", status: 499 });
    expect(await running()).toEqual([]);
    expect(await problem(await fetch(`${url}/mine`, { method: "DELETE" }))).toEqual({
      code: "lakehouse/unknown-query",
      status: 404,
    });
  });

  test("ends when it is cancelled though nobody takes its rows", async () => {
    const sql = "select range as k, repeat('x', 1000) as s from range(10000000)";
    const left = await ask({ sql, format: "csv", queryId: "left" });
    expect(left.status).toBe(200);
    expect((await fetch(`${url}/left`, { method: "DELETE" })).status).toBe(200);
    await untilRunning([]);
    await expect(left.text()).rejects.toThrow();
  });

  test("has an id of its own where none is chosen", async () => {
    const [one, other] = await Promise.all([ask({ sql: "select 1" }), ask({ sql: "select 1" })]);
    const ids = [one, other].map(({ headers }) => headers.get("x-mill-query-id"));
    expect(new Set(ids).size).toBe(2);
    expect(ids).not.toContain(null);
  });

  test("ends in the engine when its asker goes, before the first row and among the rows", async () => {
    const before = new AbortController();
    const asked = fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ sql: ENDLESS, queryId: "left" }),
      signal: before.signal,
    });
    await untilRunning(["left"]);
    before.abort();
    await expect(asked).rejects.toThrow();
    await untilRunning([]);
    const response = await begin({ sql: "select range as k from range(50000000)", format: "csv", queryId: "partly" });
    await once(response, "readable");
    await untilRunning(["partly"]);
    response.destroy();
    await untilRunning([]);
  });

  test("that fails among its rows breaks the answer off: it is not taken for whole", async () => {
    const sql = "select case when range = 900000 then error('late') else range end as k from range(1000000)";
    const response = await ask({ sql, format: "csv" });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    await untilRunning([]);
  });
});

describe("an error among the rows", () => {
  const late = "select case when range = 900000 then error('late') else range end as k from range(1000000)";

  test("is no end of them: not of a query, of columns to learn from, nor of what is written", async () => {
    const refused = { code: "lakehouse/sql-error", because: expect.stringContaining("late") as string };
    await expect(lakehouse.query(late, { maxRows: 2_000_000 })).rejects.toMatchObject(refused);
    const read = async () => {
      for await (const batch of lakehouse.readColumns(late)) expect(batch.rows).toBeGreaterThan(0);
    };
    await expect(read()).rejects.toMatchObject(refused);
    let rows = 0;
    for await (const batch of lakehouse.readColumns("select range as k from range(5000)", { batchRows: 2_048 }))
      rows += batch.rows;
    expect(rows).toBe(5_000);
    await expect(lakehouse.execute(`create table lab.late as ${late}`)).rejects.toMatchObject(refused);
    expect(await lakehouse.table("lab.late")).toBeUndefined();
  });
});

/** Posts, and reads no more of the answer than is asked for. */
async function begin(body: object): Promise<IncomingMessage> {
  const asked = request(url, { method: "POST", headers: { "content-type": "application/json" } });
  asked.end(JSON.stringify(body));
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.on("error", () => undefined);
  return response;
}

describe("limits", () => {
  test("of time", async () => {
    expect(await problem(await ask({ sql: ENDLESS, limits: { timeoutMs: 200 } }))).toEqual({
      code: "lakehouse/query-timeout",
      status: 422,
    });
    expect(await running()).toEqual([]);
  });

  test("of rows", async () => {
    const body = { sql: "select range from range(11)", limits: { rows: 10 } };
    expect(await problem(await ask(body))).toEqual({ code: "lakehouse/too-many-rows", status: 422 });
    expect((await ask({ ...body, maxRows: 10 })).status).toBe(200);
  });

  test("of memory: the statement has an engine to itself, and the standing one more", async () => {
    const sql = "select len(list(range)) as n from range(12000000)";
    expect(await problem(await ask({ sql, limits: { memoryMb: 64 } }))).toEqual({
      code: "lakehouse/engine-memory",
      status: 507,
    });
    expect((await ask({ sql })).status).toBe(200);
  });

  test("of threads", async () => {
    const body = { sql: "select current_setting('threads') as n", format: "csv" };
    expect(await (await ask({ ...body, limits: { threads: 1 } })).text()).toBe("n\n1\n");
    expect(await (await ask(body)).text()).toBe("n\n2\n");
  });

  test("of its own engine hold for a statement that changes, on the same tables", async () => {
    const sql = "create table lab.small as select range as k from range(10)";
    expect((await ask({ sql, limits: { threads: 1 } })).status).toBe(200);
    expect(await (await ask({ sql: "select sum(k)::int as n from lab.small", format: "csv" })).text()).toBe("n\n45\n");
  });

  test.each([
    ["timeoutMs", 600_001],
    ["rows", 50_000_001],
    ["memoryMb", 513],
    ["threads", 3],
  ])("%s of %i is more than the project allows", async (name, value) => {
    expect(await problem(await ask({ sql: "select 1", limits: { [name]: value } }))).toEqual({
      code: "lakehouse/limit-too-high",
      status: 422,
    });
  });
});

describe("the engine's process", () => {
  /** Kills every engine of this process, as a crafted file may. */
  const killEngines = () => {
    const { stdout } = spawnSync("ps", ["-o", "pid=,args=", "--ppid", String(process.pid)], { encoding: "utf8" });
    const engines = stdout.split("\n").filter((line) => line.includes("duckdb-engine-child"));
    for (const line of engines) process.kill(Number.parseInt(line, 10), "SIGKILL");
    return engines.length;
  };

  test("takes with it the statement alone that brings it down: those beside it are run once more", async () => {
    const sums = [3, 5].map((by) => `select sum(range % ${by})::bigint as n from range(900000000)`);
    const asked = sums.map((sql, n) => ask({ sql, format: "csv", queryId: `beside-${n}` }));
    await untilRunning(["beside-0", "beside-1"]);
    expect(killEngines()).toBe(1);
    const texts = await Promise.all(asked.map(async (one) => (await one).text()));
    expect(texts).toEqual(["n\n900000000\n", "n\n1800000000\n"]);
    expect((await ask({ sql: "select 1" })).status).toBe(200);
  });

  test("is not brought down a second time by a statement that was alone in it", async () => {
    const before = enginesApart;
    const culprit = ask({ sql: ENDLESS }).then(problem);
    let isDone = false;
    void culprit.then(() => (isDone = true));
    // Again where it was on its way between two questions, and had nothing in the engine.
    const bringDown = () => {
      killEngines();
      return isDone;
    };
    await expect.poll(bringDown, { timeout: 60_000 }).toBe(true);
    expect(await culprit).toEqual({ code: "lakehouse/engine-died", status: 503 });
    expect(enginesApart).toBe(before);
    expect((await ask({ sql: "select 1" })).status).toBe(200);
  });
});

describe("the process that answers", () => {
  test("is never held up by heavy statements and large results", async () => {
    const heavy = Array.from({ length: 2 }, (_, n) => ask({ sql: ENDLESS, queryId: `heavy-${n}` }));
    await untilRunning(["heavy-0", "heavy-1"]);
    const turns = watchTurns();
    const sql = "select range as k, 'a text of some length ' || range as s, range / 3 as f from range(500000)";
    const sizes = await Promise.all(
      (["csv", "arrow", "json"] as const).map(async (format) => {
        let bytes = 0;
        const response = await ask({ sql, format, maxRows: 2_000_000 });
        for await (const part of response.body ?? []) bytes += part.length;
        return bytes;
      }),
    );
    const { longestMs, count } = turns.stop();
    for (const [n] of heavy.entries()) await fetch(`${url}/heavy-${n}`, { method: "DELETE" });
    for (const one of heavy) expect(await problem(await one)).toMatchObject({ code: "lakehouse/query-cancelled" });
    expect(Math.min(...sizes)).toBeGreaterThan(15e6);
    // Of the processor, not of the clock: others on this machine may keep the whole process waiting.
    expect(longestMs).toBeLessThan(100);
    expect(count).toBeGreaterThan(20);
  });
});

/** How much of the processor the turns of the event loop take, from one look to the next. */
function watchTurns() {
  let [longestMs, count] = [0, 0];
  let last = process.threadCpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.threadCpuUsage(last);
    last = process.threadCpuUsage();
    longestMs = Math.max(longestMs, (user + system) / 1_000);
    count += 1;
  }, 5);
  return {
    stop: () => {
      clearInterval(timer);
      return { longestMs, count };
    },
  };
}
