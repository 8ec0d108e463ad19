import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { differentFlights, infer, keepCalling, probabilityOf, type Flight, type Inference } from "./support/callers.ts";
import { edit, end, eventually, mill, millJson, millLater, millUp, smallFlights, type Up } from "./support/project.ts";

// Fifty callers at once, clients that go away, models that are replaced: everyone gets the answer to the own request.

const FLIGHTS = differentFlights(50);

let projectDir: string;
let up: Up;
/** What serving is told to serve, for each version of the model. */
const deployments: string[] = [];
/** By version: each flight's probability when it was asked alone. */
const alone = new Map<string, readonly unknown[]>();

const deploymentFile = () => join(projectDir, ".mill", "serving", "deployment.json");

/** As control does it: whole or not at all. */
function deploy(text: string | undefined, generation: string): void {
  const deployment = JSON.parse(text ?? "{}") as Record<string, unknown>;
  writeFileSync(`${deploymentFile()}.new`, JSON.stringify({ ...deployment, generation }));
  renameSync(`${deploymentFile()}.new`, deploymentFile());
}

async function ask(id: string, flight: Flight, signal?: AbortSignal): Promise<Inference> {
  const response = await infer(up.port, { id, flight, ...(signal === undefined ? {} : { signal }) });
  expect(response.status).toBe(200);
  return (await response.json()) as Inference;
}

async function servedVersion(): Promise<string | undefined> {
  const response = await fetch(`http://127.0.0.1:${up.port}/v2/models/late-flights`);
  return ((await response.json()) as { versions?: readonly string[] }).versions?.[0];
}

beforeAll(async () => {
  projectDir = smallFlights();
  for (const trees of [30, 45]) {
    edit(projectDir, "training/late-flights.ts", (text) => text.replace(/trees: \d+/, `trees: ${trees}`));
    expect(mill(["run", "--project", projectDir]).code).toBe(0);
    deployments.push(readFileSync(deploymentFile(), "utf8"));
  }
  up = await millUp(projectDir);
  await up.road;
  for (const [index, deployment] of deployments.entries()) {
    const version = String(index + 1);
    deploy(deployment, `alone-${version}`);
    await eventually(`version ${version}`, async () => ((await servedVersion()) === version ? true : undefined));
    const answers: unknown[] = [];
    for (const [caller, flight] of FLIGHTS.entries())
      answers.push(probabilityOf(await ask(`alone-${version}-${caller}`, flight)));
    alone.set(version, answers);
  }
});

afterAll(async () => {
  await end(up);
  rmSync(projectDir, { recursive: true, force: true });
});

function expectOwn(answer: Inference, id: string, caller: number): void {
  expect(answer.id).toBe(id);
  expect(probabilityOf(answer)).toBe(alone.get(answer.model_version)?.[caller]);
}

async function everyoneAtOnce(name: string): Promise<readonly Inference[]> {
  return Promise.all(
    FLIGHTS.map(async (flight, caller) => {
      const id = `${name}-${caller}`;
      const answer = await ask(id, flight);
      expectOwn(answer, id, caller);
      return answer;
    }),
  );
}

describe("fifty callers at once", () => {
  test("ask for what differs: an answer to another request would be seen", () => {
    for (const answers of alone.values()) expect(new Set(answers).size).toBeGreaterThan(10);
    expect(alone.get("1")).not.toEqual(alone.get("2"));
  });

  test("each get the answer to the own request", async () => {
    for (let round = 0; round < 5; round += 1) await everyoneAtOnce(`together-${round}`);
  });

  test("also while the model is replaced: the version that is named gave the probability", async () => {
    const seen = new Set<string>();
    let rounds = 0;
    await eventually("both versions", async () => {
      deploy(deployments[rounds % 2], `replaced-${rounds}`);
      for (const { model_version } of await everyoneAtOnce(`replaced-${rounds}`)) seen.add(model_version);
      rounds += 1;
      return rounds >= 20 && seen.size === 2 ? true : undefined;
    });
  });

  test("also while a version is promoted and rolled back: not one request fails", async () => {
    const calls = keepCalling(up.port, { name: "promoted" });
    const move = async (verb: string, ...rest: readonly string[]) => {
      const given = ["--reason", `to ${verb}`, "--project", projectDir, "--json"];
      return JSON.parse((await millLater(["models", verb, "late-flights", ...rest, ...given])).stdout) as object;
    };
    const serves = (version: string) =>
      eventually(`version ${version}`, async () => ((await servedVersion()) === version ? true : undefined));
    for (let round = 0; round < 2; round += 1) {
      expect(await move("promote", "1")).toMatchObject({ version: 1, previousVersion: 2, services: ["late-flights"] });
      await serves("1");
      await everyoneAtOnce(`promoted-first-${round}`);
      expect(await move("rollback")).toMatchObject({ version: 2, previousVersion: 1, reason: "to rollback" });
      await serves("2");
    }
    await calls.stop();
    expect(calls.failures).toEqual([]);
    expect(calls.answered.length).toBeGreaterThan(100);
    const history = millJson(["models", "history", "late-flights", "--project", projectDir]) as readonly object[];
    expect(history[0]).toMatchObject({ alias: "champion", kind: "rollback", version: 2, reason: "to rollback" });
    expect(mill(["models", "promote", "late-flights", "99", "--project", projectDir]).stderr).toContain(
      "tracking/unknown-version",
    );
  });

  test("also while others go away in the middle of asking or of being answered", async () => {
    for (let round = 0; round < 10; round += 1) {
      const leaving = FLIGHTS.map(async (flight, caller) => {
        const controller = new AbortController();
        const asked = infer(up.port, { id: `left-${round}-${caller}`, flight, signal: controller.signal });
        if (caller % 2 === 0) queueMicrotask(() => controller.abort());
        else setImmediate(() => controller.abort());
        await asked.then((response) => response.text()).catch(() => "gone");
      });
      await Promise.all([everyoneAtOnce(`stayed-${round}`), breakOff(), breakOff(), ...leaving]);
    }
  });

  test("and the log keeps each with the request that it answered", async () => {
    await end(up);
    expect(mill(["run", "--project", projectDir]).code).toBe(0);
    const query = `select id, request from predictions where id like 'together-%' or id like 'stayed-%'`;
    const { rows } = millJson(["sql", query, "--limit", "100000", "--project", projectDir]) as {
      rows: readonly [string, string][];
    };
    expect(rows).toHaveLength(15 * FLIGHTS.length);
    for (const [id, asked] of rows) expect(JSON.parse(asked)).toEqual(FLIGHTS[Number(id.split("-")[2])]);
    up = await millUp(projectDir);
    await up.road;
  });
});

/** Half a request, then the end of the connection. */
async function breakOff(): Promise<void> {
  const socket = connect(up.port, "127.0.0.1");
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(
    'POST /v2/models/late-flights/infer HTTP/1.1\r\nhost: localhost\r\ncontent-length: 500\r\n\r\n{"origin": "O',
  );
  await new Promise((resolve) => {
    socket.once("close", resolve);
    setImmediate(() => socket.resetAndDestroy());
  });
}

interface Post {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** Through `node:http`, which sends what it is told: any Host, any Origin, any bytes. */
function post({
  path = "/v2/models/late-flights/infer",
  headers = {},
  body,
}: Post): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port: up.port, method: "POST", path, headers }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.once("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

async function predictionsSoFar(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${up.port}/metrics`)).text();
  return Number(/^millwright_predictions_total (\d+)$/m.exec(text)?.[1]);
}

const GOOD = { origin: "ORD", destination: "SFO", departed_at: "2001-06-28T01:00:00Z", distance: 1846 };
const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const columns = (fields: Readonly<Record<string, readonly unknown[]>>) =>
  JSON.stringify({ inputs: Object.entries(fields).map(([name, data]) => ({ name, data })) });
const rowsOf = (count: number) =>
  columns(Object.fromEntries(Object.entries(GOOD).map(([name, value]) => [name, Array(count).fill(value)])));

describe("a request that must not be answered", () => {
  test.each<[string, number, Post]>([
    ["a foreign Host", 403, { body: JSON.stringify(GOOD), headers: { host: "evil.example" } }],
    ["a Host that begins like ours", 403, { body: JSON.stringify(GOOD), headers: { host: "localhost.evil.example" } }],
    ["a foreign Origin", 403, { body: JSON.stringify(GOOD), headers: { origin: "https://evil.example" } }],
    ["no Origin of a page", 403, { body: JSON.stringify(GOOD), headers: { origin: "null" } }],
    ["a body of 9 MB", 413, { body: JSON.stringify({ ...GOOD, more: "x".repeat(9 * 2 ** 20) }) }],
    [
      "a body of 9 MB in chunks",
      413,
      { body: Buffer.alloc(9 * 2 ** 20, 32), headers: { "transfer-encoding": "chunked" } },
    ],
    ["20,000 rows", 413, { body: rowsOf(20_000) }],
    ["JSON of two million levels", 400, { body: nested(2_000_000) }],
    ["nothing", 400, { body: "" }],
    ["what is no JSON", 400, { body: "{origin: ORD}" }],
    ["null", 400, { body: "null" }],
    ["a list", 400, { body: "[]" }],
    ["bytes that are no UTF-8", 400, { body: Buffer.from(JSON.stringify(GOOD).replace("ORD", "\xff\xfe"), "latin1") }],
    ["fields below __proto__", 400, { body: `{"__proto__": ${JSON.stringify(GOOD)}}` }],
    ["an input of the name __proto__", 400, { body: columns({ ["__proto__"]: [GOOD] }) }],
    ["a number for text", 400, { body: JSON.stringify({ ...GOOD, origin: 7 }) }],
    ["a list for text", 400, { body: JSON.stringify({ ...GOOD, origin: ["ORD"] }) }],
    ["a text of 2,000 characters", 400, { body: JSON.stringify({ ...GOOD, origin: "O".repeat(2_000) }) }],
    ["a text for a number", 400, { body: JSON.stringify({ ...GOOD, distance: "far" }) }],
    ["a boolean for a number", 400, { body: JSON.stringify({ ...GOOD, distance: true }) }],
    ["an infinite number", 400, { body: JSON.stringify(GOOD).replace("1846", "1e999") }],
    ["an object for a time", 400, { body: JSON.stringify({ ...GOOD, departed_at: {} }) }],
    ["a text that is no time", 400, { body: JSON.stringify({ ...GOOD, departed_at: "soon" }) }],
    ["null for a key", 400, { body: JSON.stringify({ ...GOOD, origin: null }) }],
    [
      "inputs of different lengths",
      422,
      {
        body: columns({
          ...Object.fromEntries(Object.entries(GOOD).map(([name, value]) => [name, [value]])),
          distance: [1, 2],
        }),
      },
    ],
    ["inputs that are no inputs", 400, { body: '{"inputs": [null, 7, {"name": 3}]}' }],
    ["an id of 10,000 characters", 400, { body: rowsOf(1).replace("{", `{"id": "${"i".repeat(10_000)}", `) }],
    ["an unknown service", 404, { body: JSON.stringify(GOOD), path: "/v2/models/early-flights/infer" }],
    ["a service that no encoding gives", 404, { body: JSON.stringify(GOOD), path: "/v2/models/%E0%A4%A/infer" }],
    ["a path to a file", 404, { body: JSON.stringify(GOOD), path: "/v2/models/..%2f..%2fdeployment.json/infer" }],
  ])("%s: a problem, and no prediction", async (_name, status, sent) => {
    const before = await predictionsSoFar();
    const answer = await post(sent);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toEqual({
      error: expect.any(String) as string,
      type: expect.stringMatching(/^urn:millwright:error:(serving|features)\//) as string,
      title: expect.any(String) as string,
      detail: expect.any(String) as string,
      code: expect.stringMatching(/^(serving|features)\//) as string,
      remedy: expect.any(String) as string,
      status,
    });
    expect(await predictionsSoFar()).toBe(before);
  });

  test("what a request brings beside its fields neither breaks an answer nor reaches the log", async () => {
    const body = JSON.stringify(GOOD).replace("{", `{"__proto__": {"distance": 1}, "more": ${nested(100_000)}, `);
    const { status, text } = await post({ body });
    expect(status).toBe(200);
    const { id } = JSON.parse(text) as { id: string };
    await end(up);
    expect(mill(["run", "--project", projectDir]).code).toBe(0);
    const { rows } = millJson([
      "sql",
      `select request from predictions where id = '${id}'`,
      "--project",
      projectDir,
    ]) as {
      rows: readonly [string][];
    };
    expect(rows.map(([asked]) => JSON.parse(asked) as unknown)).toEqual([GOOD]);
    const refused = millJson([
      "sql",
      "select count(*)::int from predictions where request like '%evil%'",
      "--project",
      projectDir,
    ]);
    expect(refused).toMatchObject({ rows: [[0]] });
  });
});
