import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { silentLogger, systemClock } from "@millwright/kernel";
import { afterEach, describe, expect, inject, test } from "vitest";
import { openPythonModel } from "../src/adapters/python-model.ts";
import { serveNamed } from "./support/serve-named.ts";
import { isAlive, openWorkers, until } from "./support/worker-models.ts";

// Workers that are killed, hang, lie and fail: each costs its own request, and no request another's answer.

const { python = "" } = inject("means");

const HARMS = [
  ["kill", "inference/worker-lost", /SIGKILL/],
  ["exit", "inference/worker-lost", /ended with 9/],
  ["garbage", "inference/worker-lost", /sent what is no answer/],
  ["length", "inference/worker-lost", /a header of 4294967295 bytes/],
  ["other", "inference/worker-lost", /answer to what was not asked/],
  ["close", "inference/worker-lost", /ended with 1|closed its socket/],
  ["hang", "inference/worker-late", /within 2000 ms/],
  ["stop", "inference/worker-late", /within 2000 ms/],
] as const;

let closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing) await close();
  closing = [];
});

async function open(options: Omit<Parameters<typeof openWorkers>[0], "python"> = {}) {
  const opened = await openWorkers({ python, ...options });
  closing.push(opened.close);
  return opened;
}

describe.skipIf(python === "")("a worker", () => {
  test("that does harm costs its request, and another answers the next", async () => {
    const { ask, pool } = await open({ limits: { requestMs: 2_000 } });
    let crashes = 0;
    for (const [how, code, because] of HARMS) {
      const before = await ask(1);
      const lost = ask(2, how).catch((error: unknown) => error);
      const next = ask(3);
      const after = await next;
      crashes += 1;
      expect(await lost, how).toMatchObject({ code, because: expect.stringMatching(because) as string });
      expect([before.answered, after.answered, after.pid === before.pid]).toEqual([1, 3, false]);
      expect(pool.report()).toMatchObject({ running: 1, starts: crashes + 1, crashes });
      expect(isAlive(before.pid)).toBe(false);
    }
  });

  test("that prints a megabyte answers all the same", async () => {
    const { ask } = await open();
    expect((await ask(7, "print")).answered).toBe(7);
  });

  test("that is stopped before it begins has its request answered by another", async () => {
    const { ask, pool } = await open({ limits: { beginMs: 1_500 } });
    const { pid } = await ask(1);
    process.kill(pid, "SIGSTOP");
    const after = await ask(2);
    expect([after.answered, after.pid === pid, isAlive(pid)]).toEqual([2, false, false]);
    expect(pool.report().crashes).toBe(1);
  });

  test("that is killed while it is idle takes nothing with it", async () => {
    const { ask, pool } = await open();
    const { pid } = await ask(1);
    process.kill(pid, "SIGKILL");
    const asked = [2, 3, 4].map((number) => ask(number));
    expect((await Promise.all(asked)).map(({ answered }) => answered)).toEqual([2, 3, 4]);
    expect(pool.report()).toMatchObject({ starts: 2, crashes: 1 });
  });

  test("is not waited for beyond the request's deadline, and answers others after it", async () => {
    const { ask, has, write } = await open();
    const begun = ask(1, "hold it", performance.now() + 300);
    await until(() => has("it.begun"));
    const behind = ask(2, "", performance.now() + 100);
    await expect(behind).rejects.toMatchObject({ code: "inference/deadline" });
    await expect(begun).rejects.toMatchObject({ code: "inference/deadline" });
    write("it.go");
    expect((await ask(3)).answered).toBe(3);
  });

  test("keeps nothing of a request that waits for it no longer", async () => {
    const { ask, pool, has, write } = await open();
    const held = ask(1, "hold it");
    await until(() => has("it.begun"));
    const behind = [2, 3, 4].map((number) => ask(number, "", performance.now() + 20));
    expect(pool.waiting).toBe(3);
    for (const late of behind) await expect(late).rejects.toMatchObject({ code: "inference/deadline" });
    expect(pool.waiting).toBe(0);
    write("it.go");
    expect((await held).answered).toBe(1);
  });

  test("for which the system has no process left is started later, and whoever waits for it is answered", async () => {
    let isFull = false;
    const onStart = () => {
      if (isFull) throw new Error("spawn EAGAIN");
    };
    const { ask, pool } = await open({ onStart });
    const { pid } = await ask(1);
    isFull = true;
    process.kill(pid, "SIGKILL");
    const asked = ask(2);
    await until(() => pool.report().crashes > 2);
    isFull = false;
    expect((await asked).answered).toBe(2);
  });

  test("that is closed before it begins with a request has it refused", async () => {
    const { ask, pool } = await open();
    const { pid } = await ask(1);
    process.kill(pid, "SIGSTOP");
    const asked = ask(2).catch((error: unknown) => error);
    await pool.close();
    expect(await asked).toMatchObject({ code: "inference/no-worker" });
  });

  test("is sent a request's parameters with all their digits; what cannot be sent costs no worker", async () => {
    const { ask, pool } = await open();
    const { pid } = await ask(1, "", undefined, { big: 2n ** 64n - 1n });
    const unsendable = { toJSON: () => expect.unreachable() };
    await expect(ask(2, "", undefined, { unsendable })).rejects.toThrow();
    expect(await ask(3)).toEqual({ answered: 3, pid });
    expect(pool.report()).toMatchObject({ running: 1, starts: 1, crashes: 0 });
  });

  test("that is closed while it loads says nothing of it", async () => {
    const said: string[] = [];
    const logger = { ...silentLogger, info: (_: object, line: string) => said.push(line) };
    const { ask, pool, has, write } = await open({ logger });
    const { pid } = await ask(1);
    write("slow");
    process.kill(pid, "SIGKILL");
    const loading = () => pool.report().pids.find((one) => has(`load-${one}.begun`));
    await until(() => loading() !== undefined);
    const name = `load-${loading()}.go`;
    const closed = pool.close();
    write(name);
    await closed;
    expect(said).toEqual([]);
  });

  test("that cannot start again is tried later each time; meanwhile requests are refused with the cause", async () => {
    let now = 0;
    const { ask, pool, write, remove } = await open({ clock: { monotonicMs: () => now } });
    write("fail");
    const { pid } = await ask(1);
    process.kill(pid, "SIGKILL");
    // The clock stands still for pauses; each that is over is told by the test.
    for (let crashes = 2; crashes <= 7; crashes += 1) {
      await until(() => pool.report().crashes >= crashes || pool.report().starting === 0);
      now += 40_000;
      pool.tick();
      await until(() => pool.report().crashes >= crashes);
    }
    await until(() => pool.report().starting === 0);
    await expect(ask(2)).rejects.toMatchObject({
      code: "inference/no-worker",
      because: expect.stringMatching(/RuntimeError: it is told to fail/) as string,
    });
    remove("fail");
    now += 40_000;
    expect((await ask(3)).answered).toBe(3);
  });

  test("ends with the pool, and closes what it holds", async () => {
    const { pool, ask, has } = await openWorkers({ python });
    const { pid } = await ask(1);
    await pool.close();
    expect([isAlive(pid), has(`${pid}.closed`)]).toEqual([false, true]);
    await expect(ask(2)).rejects.toMatchObject({ code: "inference/no-worker" });
  });
});

describe.skipIf(python === "")("a model whose worker is lost", () => {
  test("is told with its code over both protocols, and goes on", async () => {
    const { folder } = await open();
    const place = async () => ({ interpreter: async () => python, workers: 1 });
    const opened = openPythonModel({ place, clock: systemClock, logger: silentLogger });
    const model = await opened(join(folder, "model.py"), {});
    const served = await serveNamed(() => ({ worker: model }));
    closing.push(served.close);
    const inputs = (how: string) => [
      { name: "number", datatype: "INT64", shape: [1], data: [5] },
      { name: "how", datatype: "BYTES", shape: [1], data: [how] },
    ];
    const rest = async (how: string) => {
      const body = JSON.stringify({ inputs: inputs(how) });
      const answer = await fetch(`${served.url}/v2/models/worker/infer`, { method: "POST", body });
      return [answer.status, await answer.json()];
    };
    const overGrpc = (how: string) =>
      served.inferGrpc({
        model_name: "worker",
        inputs: [
          { name: "number", datatype: "INT64", shape: [1], contents: { int64_contents: [5] } },
          { name: "how", datatype: "BYTES", shape: [1], contents: { bytes_contents: [Buffer.from(how)] } },
        ],
      });
    expect(await rest("kill")).toMatchObject([
      502,
      { code: "inference/worker-lost", remedy: expect.stringMatching(/Ask again/) as string },
    ]);
    await expect(overGrpc("kill")).rejects.toMatchObject({ code: grpc.status.UNAVAILABLE });
    expect(await rest("")).toMatchObject([200, { outputs: [{ name: "number", data: [5] }, {}] }]);
    const report = model.workers?.();
    expect(report).toMatchObject({ running: 1, crashes: 2 });
    await served.server.models.close();
    expect(report?.pids.map(isAlive)).toEqual([false]);
  });
});

describe.skipIf(python === "")("a pool", () => {
  test("answers each of many requests at once with its own, while its workers are killed", async () => {
    const { ask, pool } = await open({ parameters: { "min-scale": "3", "max-scale": "3" } });
    let state = 11;
    const pick = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const REQUESTS = 1_000;
    let [answered, lost, kills] = [0, 0, 0];
    await Promise.all(
      Array.from({ length: REQUESTS }, async (_, number) => {
        try {
          const found = await ask(number, pick(100) === 0 ? "kill" : "");
          expect(found.answered).toBe(number);
          answered += 1;
          const { pids } = pool.report();
          const pid = pids[pick(pids.length)];
          if (answered % 100 === 0 && pid !== undefined) {
            kills += 1;
            process.kill(pid, "SIGKILL");
          }
        } catch (error) {
          expect(error).toMatchObject({ code: "inference/worker-lost" });
          lost += 1;
        }
      }),
    );
    const { crashes } = pool.report();
    expect(answered + lost).toBe(REQUESTS);
    expect(kills).toBeGreaterThan(5);
    // No kill costs more than the request that its worker had begun.
    expect(lost).toBeLessThanOrEqual(crashes);
    expect(lost).toBeGreaterThan(3);
  });

  test("works on as many requests at once as it has workers", async () => {
    const { ask, has, write, pool } = await open({ parameters: { "min-scale": "2", "max-scale": "2" } });
    const held = ["a", "b"].map((name, at) => ask(at, `hold ${name}`));
    await until(() => has("a.begun") && has("b.begun"));
    for (const name of ["a", "b"]) write(`${name}.go`);
    const [one, other] = await Promise.all(held);
    expect(one?.pid).not.toBe(other?.pid);
    expect(pool.report()).toMatchObject({ running: 2, wanted: 2, starts: 2, crashes: 0 });
  });

  test("scales with what is asked, to none and back", async () => {
    let now = 0;
    const parameters = { "min-scale": "0", "max-scale": "3", "target-utilization-percentage": "100" };
    const { ask, has, write, pool } = await open({ parameters, clock: { monotonicMs: () => now } });
    const pass = (ms: number) => {
      now += ms;
      pool.tick();
    };
    const held = ["a", "b", "c"].map((name, at) => ask(at, `hold ${name}`));
    await until(() => has("a.begun"));
    pass(6_000);
    await until(() => has("b.begun") && has("c.begun"));
    expect(pool.report()).toMatchObject({ running: 3, wanted: 3 });
    for (const name of ["a", "b", "c"]) write(`${name}.go`);
    await Promise.all(held);
    for (let second = 0; second < 160; second += 1) pass(1_000);
    await until(() => pool.report().running === 0);
    expect(pool.report()).toMatchObject({ wanted: 0, starting: 0, crashes: 0, starts: 3 });
    // Whoever asks first has one started.
    expect((await ask(9)).answered).toBe(9);
    expect(pool.report()).toMatchObject({ running: 1, starts: 4 });
    // So has whoever asks while the last one ends.
    for (let second = 0; second < 160 && pool.report().running > 0; second += 1) pass(1_000);
    const asked = ask(10);
    expect(pool.report()).toMatchObject({ wanted: 1, starting: 1 });
    expect((await asked).answered).toBe(10);
  });

  test("whose first worker cannot load its model starts no other", async () => {
    let starts = 0;
    const limits = { loadMs: 1 };
    await expect(openWorkers({ python, limits, onStart: () => (starts += 1) })).rejects.toMatchObject({
      code: "inference/cannot-load",
    });
    expect(starts).toBe(1);
  });
});

const PARENT = `
import { openWorkers } from ${JSON.stringify(join(import.meta.dirname, "support", "worker-models.ts"))};
const { ask, folder } = await openWorkers({ python: process.argv[2], parameters: { "min-scale": "2", "max-scale": "2" } });
const first = await ask(1);
void ask(2, "hang");
const other = await ask(3);
console.log(JSON.stringify({ folder, pids: [first.pid, other.pid] }));
`;

test.skipIf(python === "")("workers end with their parent, however it ends", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mill-parent-"));
  writeFileSync(join(folder, "parent.ts"), PARENT);
  const parent = spawn(process.execPath, [join(folder, "parent.ts"), python], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(parent.stdout.setEncoding("utf8"), "data")) as string[];
  const told = JSON.parse(String(line)) as { readonly folder: string; readonly pids: readonly number[] };
  expect(new Set(told.pids).size).toBe(2);
  parent.kill("SIGKILL");
  await once(parent, "exit");
  await until(() => told.pids.every((pid) => !isAlive(pid) || isZombie(pid)));
  rmSync(told.folder, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
});

/** One whose parent is gone is the system's to clear away. */
function isZombie(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return true;
  }
}
