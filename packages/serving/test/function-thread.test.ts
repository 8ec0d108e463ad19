import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { silentLogger, systemClock } from "@millwright/kernel";
import { expect, onTestFinished, test } from "vitest";
import { FunctionThread } from "../src/functions/function-thread.ts";

// What a project's function does to the thread that it runs in, it does to nobody else.

const ODD = `
import { parentPort, workerData } from "node:worker_threads";
const predict = async ({ does }) => {
  if (does === "say nothing") parentPort.postMessage(null);
  if (does === "answer for another") parentPort.postMessage({ kind: "answer", number: 1, answer: "forged" });
  if (does === "throw no text") throw Object.create(null);
  if (does === "throw an odd message") throw Object.assign(new Error(), { message: 5 });
  if (does === "wait") await new Promise((resolve) => (letGo = resolve));
  if (does === "let go") letGo();
  return { does, hasPort: "port" in workerData };
};
let letGo;
export const odd = { kind: "service", name: "odd", predict };
`;

function threadOf(source: string): FunctionThread {
  const folder = mkdtempSync(join(tmpdir(), "mill-function-"));
  const file = join(folder, "odd.ts");
  writeFileSync(file, source);
  const thread = new FunctionThread({
    data: { file, service: "odd", millwrightUrl: pathToFileURL(file).href },
    limits: { concurrency: 4, queue: 10, timeoutMs: 60_000 },
    clock: systemClock,
    logger: silentLogger,
    ask: async () => ({}),
  });
  onTestFinished(async () => {
    await thread.close();
    rmSync(folder, { recursive: true });
  });
  return thread;
}

const asking = (thread: FunctionThread) => (does: string) =>
  thread.ask({ id: does, request: { does }, features: {}, through: [] });

test("what a function posts by itself is no answer, of it or of another", async () => {
  const ask = asking(threadOf(ODD));
  const first = ask("wait");
  for (const does of ["say nothing", "answer for another", "let go"])
    expect(await ask(does)).toEqual({ does, hasPort: false });
  expect(await first).toEqual({ does: "wait", hasPort: false });
});

test("what cannot be made text is thrown for its own request alone", async () => {
  const thread = threadOf(ODD);
  const ask = asking(thread);
  const failed = { code: "serving/function-failed" };
  await expect(ask("throw no text")).rejects.toMatchObject(failed);
  await expect(ask("throw an odd message")).rejects.toMatchObject(failed);
  expect(thread.restarts).toBe(0);
});

test("a file that ends its thread is told, and waited for no more", async () => {
  await expect(threadOf("process.exit(0);").ready()).rejects.toMatchObject({ code: "serving/function-failed" });
});
