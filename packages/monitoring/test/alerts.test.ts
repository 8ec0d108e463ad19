import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { env, systemIds, type Clock, type Logger } from "@millwright/kernel";
import { migrate } from "@millwright/platform";
import { openSqliteDatabase } from "@millwright/platform/adapters/sqlite-database";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fetchPost } from "../src/adapters/fetch-post.ts";
import {
  createAlertStore,
  defineMonitor,
  deliverAlerts,
  log,
  monitoringMigrations,
  webhook,
  type AlertRoute,
  type AlertStore,
  type StandingAlert,
} from "../src/index.ts";

const SECRET = "hush-hush";
const alert: StandingAlert = {
  rule: "stability above 0.25",
  on: "stability",
  rows: "scored",
  feature: "moved",
  days: 4,
  worst: 1.5,
  bound: 0.25,
};

let server: Server;
let alerts: AlertStore;
let answer = 200;
/** Where nobody listens any more. */
let downUrl = "";
const received: { readonly path: string; readonly body: string; readonly authorization: string | undefined }[] = [];
const said: string[] = [];
const say = (fields: object, message: string) => void said.push(`${message} ${JSON.stringify(fields)}`);
const logger: Logger = { debug: say, info: say, warn: say, error: say, child: () => logger };

beforeAll(async () => {
  const database = openSqliteDatabase({ path: ":memory:" });
  await migrate(database, [monitoringMigrations], 0);
  let nowMs = 0;
  const clock: Clock = { nowMs: () => (nowMs += 1), monotonicMs: () => 0 };
  alerts = createAlertStore({ database, clock, ids: systemIds });
  server = createServer(
    (request, response) => void answerWith(request).then((head) => response.writeHead(answer, head).end()),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const down = createServer();
  await new Promise<void>((resolve) => down.listen(0, "127.0.0.1", resolve));
  downUrl = `http://127.0.0.1:${(down.address() as AddressInfo).port}/${SECRET}`;
  await new Promise((resolve) => down.close(resolve));
});

afterAll(() => {
  server.close();
});

async function answerWith(request: IncomingMessage) {
  const body = Buffer.concat(await request.toArray()).toString();
  received.push({ path: request.url ?? "", body, authorization: request.headers.authorization });
  return answer === 302 ? { location: "/elsewhere" } : {};
}

const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${SECRET}`;
const deliver = (monitor: string, routes: readonly AlertRoute[]) =>
  deliverAlerts(
    {
      alerts,
      logger,
      environment: { ALERTS_URL: url(), DOWN_URL: downUrl, TOKEN: SECRET },
      post: fetchPost,
      pause: () => Promise.resolve(),
    },
    { monitor, routes },
  );
const states = () =>
  received
    .splice(0)
    .flatMap(({ body }) => (JSON.parse(body) as { alerts: { state: string; feature: string }[] }).alerts)
    .map(({ state, feature }) => `${feature} ${state}`);

test("an alert is told when it begins and when it is resolved, and not in between", async () => {
  const routes = [log(), webhook({ url: env("ALERTS_URL"), authorization: env("TOKEN") })];
  answer = 200;
  await alerts.settle("a", [alert]);
  expect(await deliver("a", routes)).toEqual([]);
  expect(received[0]?.authorization).toBe(SECRET);
  expect(states()).toEqual(["moved firing"]);
  await alerts.settle("a", [{ ...alert, worst: 2 }]);
  await deliver("a", routes);
  expect(states()).toEqual([]);
  expect(await alerts.list({ monitor: "a", standingOnly: true, limit: 9 })).toMatchObject([
    { feature: "moved", worst: 2 },
  ]);
  await alerts.settle("a", []);
  await deliver("a", routes);
  expect(states()).toEqual(["moved resolved"]);
  await alerts.settle("a", [alert]);
  await deliver("a", routes);
  expect(states()).toEqual(["moved firing"]);
  expect(said.map((line) => line.split(" ")[0])).toEqual(["alert:", "resolved:", "alert:"]);
});

test("what does not answer is tried a few times, said without its address, and told the next time", async () => {
  const routes = [log(), webhook({ url: env("ALERTS_URL"), attempts: 2 })];
  await alerts.settle("b", [alert]);
  answer = 500;
  expect(await deliver("b", routes)).toEqual(["the webhook ALERTS_URL was not told, attempts 2: it answered 500"]);
  expect(received.splice(0)).toHaveLength(2);
  answer = 302;
  expect(await deliver("b", routes)).toEqual([
    "the webhook ALERTS_URL was not told, attempts 2: it redirects (302), which is not followed",
  ]);
  expect(received.splice(0).map(({ path }) => path)).toEqual([`/${SECRET}`, `/${SECRET}`]);
  answer = 200;
  expect(await deliver("b", routes)).toEqual([]);
  expect(states()).toEqual(["moved firing"]);
  await alerts.settle("c", [alert]);
  const down = await deliver("c", [log(), webhook({ url: env("DOWN_URL"), attempts: 1 })]);
  expect(down).toEqual(["the webhook DOWN_URL was not told, attempts 1: it is not reached (ECONNREFUSED)"]);
  const unset = await deliver("c", [log(), webhook({ url: env("NEVER_SET") })]);
  expect(unset).toEqual(["the webhook NEVER_SET was not told: a variable that it names is empty or not set"]);
  expect(said.join()).not.toContain(SECRET);
});

test.each([
  [{ alerts: [{ on: "stability" }] }, /needs one bound/],
  [{ alerts: [{ on: "stabilty", above: 1 }] }, /alerts/],
  [{ routes: [{ kind: "webhook", url: "https://user:word@example.org" }] }, /routes/],
])("a monitor with %j is refused", (options, message) => {
  expect(() => defineMonitor({ name: "m", training: "t", ...(options as object) })).toThrow(message);
});
