import { connect, type Socket } from "node:net";
import { globSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { keepCalling, type Calls } from "./support/callers.ts";
import { childOf, childrenOf, isAlive, othersAtWork, processorSeconds } from "./support/processes.ts";
import { end, eventually, mill, millJson, millLater, millUp, smallFlights, type Up } from "./support/project.ts";

// Each process of `mill up` is killed while it works: the others go on, and nothing that was acknowledged is lost or doubled.

let projectDir: string;
const at = () => ["--project", projectDir];
const running: Up[] = [];

async function up(options?: Parameters<typeof millUp>[1]): Promise<Up> {
  const started = await millUp(projectDir, options);
  running.push(started);
  return started;
}

beforeAll(() => {
  projectDir = smallFlights();
  expect(mill(["run", ...at()]).code).toBe(0);
});

afterEach(() => {
  for (const { process } of running.splice(0)) if (process.exitCode === null) process.kill("SIGKILL");
});

afterAll(() => {
  rmSync(projectDir, { recursive: true, force: true });
});

/** The ids of the whole lines in the log that serving writes. */
function writtenIds(): readonly string[] {
  const segments = globSync(join(projectDir, ".mill", "serving", "predictions", "*.open"));
  const lines = segments.flatMap((path) => readFileSync(path, "utf8").split("\n").slice(0, -1));
  return lines.map((line) => (JSON.parse(line) as { readonly id: string }).id);
}

/** How often each id stands in the table of predictions. */
async function logged(prefix: string): Promise<ReadonlyMap<string, number>> {
  const query = `select id, count(*)::int from predictions where id like '${prefix}-%' group by id`;
  const { stdout } = await millLater(["sql", query, "--limit", "1000000", ...at(), "--json"]);
  const { rows } = JSON.parse(stdout) as { readonly rows?: readonly [string, number][] };
  return new Map(rows ?? []);
}

function expectOnce(found: ReadonlyMap<string, number>, ids: readonly string[]): void {
  expect([...found].filter(([, count]) => count !== 1)).toEqual([]);
  expect(ids.filter((id) => !found.has(id))).toEqual([]);
}

function kill(pid: number | undefined): number {
  if (pid === undefined) throw new Error("there is no such process");
  process.kill(pid, "SIGKILL");
  return performance.now();
}

/** Ends the serving process, and sees another answer in its place. */
async function killServing({ process }: Up, calls: Calls) {
  const serving = childOf(process.pid, "serving-main");
  const killedAtMs = kill(serving);
  await eventually("a new serving process", () => {
    // The killed one is among the children until it has been buried.
    const found = childOf(process.pid, "serving-main");
    return found === serving ? undefined : found;
  });
  const restartedAtMs = performance.now();
  const back = await eventually("an answer of it", () => calls.answered.find(({ atMs }) => atMs > restartedAtMs));
  return { killedAtMs, restartedAtMs, backAtMs: back.atMs };
}

describe.skipIf(process.platform !== "linux")("a process that is killed", () => {
  test("serving comes back on its port by itself; every answer written before is kept once", async () => {
    const started = await up();
    const { port, process } = started;
    const calls = keepCalling(port, { name: "serving" });
    const written = await eventually("answers that are written", () => {
      const ids = writtenIds();
      return ids.length > 100 ? new Set(ids) : undefined;
    });
    const { killedAtMs, restartedAtMs } = await killServing(started, calls);
    await eventually("answers on the same port", () =>
      (calls.answered.at(-1)?.atMs ?? 0) > killedAtMs + 1_000 ? true : undefined,
    );
    await calls.stop();
    expect(process.exitCode).toBeNull();
    await end(started);
    expect(mill(["run", ...at()]).code).toBe(0);
    const kept = calls.answered.filter(({ id, atMs }) => written.has(id) || atMs > restartedAtMs);
    expectOnce(
      await logged("serving"),
      kept.map(({ id }) => id),
    );
  });

  test("serving is back within a second, while it is asked", async () => {
    const started = await up();
    const calls = keepCalling(started.port, { name: "back" });
    await eventually("its first answers", () => (calls.answered.length > 100 ? true : undefined));
    const took: number[] = [];
    for (let kills = 0; kills < 3; kills += 1) {
      const { killedAtMs, backAtMs } = await killServing(started, calls);
      took.push(backAtMs - killedAtMs);
      // One that dies at once is kept back for a while.
      await eventually("a steady process", () =>
        (calls.answered.at(-1)?.atMs ?? 0) > backAtMs + 1_500 ? true : undefined,
      );
    }
    await calls.stop();
    await end(started);
    // The best of them: what else the machine has to do may hold up any one.
    expect(Math.min(...took)).toBeLessThan(1_000 * othersAtWork());
  });

  test("the engine fails the query that it ran, and says so; the next works, and serving answers all the while", async () => {
    const started = await up();
    const { port, process } = started;
    const calls = keepCalling(port, { name: "engine", callers: 2 });
    const long = "select count(*) from range(100000000) as a, range(100000) as b where hash(a.range + b.range) = 7";
    await started.road;
    const idle = childOf(process.pid, "duckdb-engine-child");
    const before = idle === undefined ? 0 : processorSeconds(idle);
    const answer = millLater(["sql", long, ...at(), "--json"]);
    let isAnswered = false;
    void answer.finally(() => (isAnswered = true));
    // What was lost with an engine is run once more, in one of its own: that one is ended too.
    while (!isAnswered) {
      for (const engine of childrenOf(process.pid, "duckdb-engine-child"))
        if (isAlive(engine) && processorSeconds(engine) > (engine === idle ? before : 0) + 2) kill(engine);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const { code, stdout } = await answer;
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "lakehouse/engine-died" } });
    // What was answered is committed by the one that takes its place.
    expect(millJson(["sql", "select 1 as one", ...at()])).toMatchObject({ rows: [[1]] });
    await eventually("predictions committed after it", async () =>
      (await logged("engine")).size > 0 ? true : undefined,
    );
    await calls.stop();
    expect(calls.failures).toEqual([]);
    await end(started);
    expect(mill(["run", ...at()]).code).toBe(0);
    expectOnce(
      await logged("engine"),
      calls.answered.map(({ id }) => id),
    );
  });

  test("control leaves no orphan behind, and the next `mill up` starts at once on the same port", async () => {
    const started = await up();
    const { port, process } = started;
    const calls = keepCalling(port, { name: "control", callers: 2 });
    const children = await eventually("both children at work", () => {
      const found = [childOf(process.pid, "serving-main"), childOf(process.pid, "duckdb-engine-child")];
      return found.every((pid) => pid !== undefined) && calls.answered.length > 50 ? found : undefined;
    });
    const killedAtMs = kill(process.pid);
    const next = await up({ port });
    expect(performance.now() - killedAtMs).toBeLessThan(30_000);
    await eventually("no orphan", () => (children.some((pid) => isAlive(pid ?? 0)) ? undefined : true));
    await eventually("answers again", () => ((calls.answered.at(-1)?.atMs ?? 0) > killedAtMs + 500 ? true : undefined));
    await calls.stop();
    await next.road;
    expect((await end(next)).code).toBe(0);
    expect(mill(["run", ...at()]).code).toBe(0);
    // Serving was not killed: it ended by itself, so that even its last answers are there.
    expectOnce(
      await logged("control"),
      calls.answered.map(({ id }) => id),
    );
  });
});

const BODY = '{"origin":"ORD","destination":"SFO","departed_at":"2001-06-28T01:00:00Z","distance":1846}';

/** A request of which only the head and half of the body has been sent. */
async function halfAsked(port: number): Promise<{ readonly socket: Socket; readonly answer: Promise<string> }> {
  const socket = connect(port, "127.0.0.1");
  const answer = new Promise<string>((resolve, reject) => {
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.once("close", () => resolve(text));
    socket.once("error", reject);
  });
  await new Promise((resolve) => socket.once("connect", resolve));
  const head = `POST /v2/models/late-flights/infer HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: ${BODY.length}\r\n\r\n`;
  const heard = new Promise((resolve) => socket.once("data", resolve));
  socket.write(head);
  await heard;
  socket.write(BODY.slice(0, 20));
  return { socket, answer };
}

/** Whether a new caller is still let in. */
async function isOpen(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/v2/health/live`).then(
    () => true,
    () => false,
  );
}

describe("an end that was asked for", () => {
  test("SIGTERM answers what was being asked, then ends with 0", async () => {
    const started = await up();
    await started.road;
    const { socket, answer } = await halfAsked(started.port);
    const ended = end(started, "SIGTERM");
    await eventually("no new caller let in", async () => ((await isOpen(started.port)) ? undefined : true));
    socket.write(BODY.slice(20));
    expect(await answer).toMatch(/HTTP\/1\.1 200 OK[^]*"probability"/);
    expect((await ended).code).toBe(0);
  });

  test.each([
    ["that serves", "served"],
    ["with a caller who never ends", "hanging"],
    ["in the middle of the road", "at work"],
  ])("Ctrl-C ends `mill up` %s within two seconds, with 130", { retry: 2 }, async (_name, when) => {
    if (when === "at work") rmSync(`${projectDir}/.mill`, { recursive: true, force: true });
    const { port, process: child, road } = await up({ ownGroup: true });
    if (when !== "at work") await road;
    const hanging = when === "hanging" ? await halfAsked(port) : undefined;
    hanging?.answer.catch(() => undefined);
    const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const startedMs = performance.now();
    process.kill(-(child.pid ?? 0), "SIGINT");
    expect(await exited).toBe(130);
    expect(performance.now() - startedMs).toBeLessThan(2_000 * othersAtWork());
    expect(await isOpen(port)).toBe(false);
    hanging?.socket.destroy();
  });

  test("and the next run goes on from there", () => {
    expect(mill(["run", ...at()]).code).toBe(0);
  });
});
