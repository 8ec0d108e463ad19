import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { millLater } from "./support/project.ts";

interface Run {
  readonly state: string;
  readonly tasks: readonly { readonly id: string; readonly state: string; readonly message: string | null }[];
}

let projectDir: string;
let hook: Server;
const posted: string[] = [];

beforeAll(async () => {
  hook = createServer((request, response) => {
    void request.toArray().then((chunks) => {
      posted.push(Buffer.concat(chunks).toString());
      response.end();
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
  projectDir = shop((hook.address() as AddressInfo).port);
});

afterAll(() => {
  hook.close();
  rmSync(projectDir, { recursive: true, force: true });
});

const FILES: Readonly<Record<string, string>> = {
  "millwright.ts": 'import { defineProject } from "millwright";\nexport default defineProject({ name: "shop" });\n',
  "sources/sales.ts": `import { defineSource } from "millwright";
export const sales = defineSource({
  name: "sales",
  path: "data/sales.csv",
  columns: { sold_at: "timestamp", amount: "double", items: "double", shop: "string", returned: "int" },
});
`,
  "features/sale.ts": `import { column, defineOnDemandFeatureView } from "millwright";
export const sale = defineOnDemandFeatureView({
  name: "sale",
  request: { amount: "double", items: "double" },
  features: { amount_paid: column("amount"), items_bought: column("items") },
});
`,
  "training/returns.ts": `import { defineTraining, gradientBoosting, table } from "millwright";
import { sale } from "../features/sale.ts";
export const returns = defineTraining({
  name: "returns",
  population: table("sales"),
  timestamp: "sold_at",
  label: "returned",
  features: [sale.all()],
  split: { validationFrom: "2026-01-15", testFrom: "2026-01-20" },
  trainer: gradientBoosting({ trees: 3, leaves: 4, minDataInLeaf: 5 }),
});
`,
};

/** A small shop whose monitor tells a server on this port. */
function shop(port: number): string {
  const dir = mkdtempSync(join(tmpdir(), "mill-shop-"));
  const monitor = `import { defineMonitor, log, webhook } from "millwright";
export const drift = defineMonitor({
  name: "returns-drift",
  training: "returns",
  alerts: [
    { on: "stability", above: 0.25, days: 3, within: 10 },
    { on: "range", above: 0.05, days: 3, within: 10 },
    { on: "auc", below: 0.5, days: 3, within: 10 },
  ],
  routes: [log(), webhook({ url: "http://127.0.0.1:${port}/hook", attempts: 1, timeoutMs: 2_000 })],
});
`;
  for (const [path, text] of Object.entries({
    ...FILES,
    "monitors/returns.ts": monitor,
    "data/sales.csv": salesCsv(1),
  })) {
    mkdirSync(join(dir, path, ".."), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return dir;
}

/** Two hundred sales a day for a month; from the 20th on the amounts are so many times as large. */
function salesCsv(factor: number): string {
  let state = 5;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const lines = Array.from({ length: 30 * 200 }, (_, index) => {
    const day = Math.floor(index / 200) + 1;
    const [amount, items] = [10 + 90 * random(), 1 + Math.floor(5 * random())];
    const returned = random() < (amount > 60 ? 0.7 : 0.2) ? 1 : 0;
    const at = `2026-01-${String(day).padStart(2, "0")} 12:00:00`;
    return `${at},${(amount * (day >= 20 ? factor : 1)).toFixed(2)},${items},north,${returned}`;
  });
  return `sold_at,amount,items,shop,returned\n${lines.join("\n")}\n`;
}

async function run(): Promise<{ readonly run: Run; readonly monitor: Run["tasks"][number] | undefined }> {
  const { code, stdout, stderr } = await millLater(["run", "--json", "--project", projectDir]);
  expect({ code, stderr }, stdout).toMatchObject({ code: 0 });
  const report = JSON.parse(stdout) as Run;
  return { run: report, monitor: report.tasks.find(({ id }) => id === "monitor:returns-drift") };
}

async function alerts(...options: readonly string[]): Promise<readonly { rule: string; feature: string | null }[]> {
  const { stdout } = await millLater(["monitors", "alerts", ...options, "--json", "--project", projectDir]);
  return JSON.parse(stdout) as { rule: string; feature: string | null }[];
}

const told = () =>
  posted
    .splice(0)
    .flatMap((body) => (JSON.parse(body) as { alerts: { feature: string; on: string; state: string }[] }).alerts)
    .map(({ feature, on, state }) => `${feature} ${on} ${state}`)
    .toSorted();

test("an unshifted column raises no alert", async () => {
  expect((await run()).monitor).toMatchObject({ state: "done" });
  expect(await alerts()).toEqual([]);
  expect(told()).toEqual([]);
});

test("a shifted column raises the alert that names it; shifted back, it is resolved", async () => {
  writeFileSync(join(projectDir, "data/sales.csv"), salesCsv(3));
  const { monitor } = await run();
  expect(monitor).toMatchObject({
    state: "warned",
    message: expect.stringMatching(/amount_paid \(stability above 0.25/),
  });
  expect((await alerts("--standing")).map(({ feature }) => feature)).toEqual(["amount_paid", "amount_paid"]);
  expect(told()).toEqual(["amount_paid range firing", "amount_paid stability firing"]);

  writeFileSync(join(projectDir, "data/sales.csv"), salesCsv(1));
  await run();
  expect(told()).toEqual(["amount_paid range resolved", "amount_paid stability resolved"]);
});

test("a webhook that is down does not fail the road, and is said", async () => {
  await new Promise((resolve) => hook.close(resolve));
  writeFileSync(join(projectDir, "data/sales.csv"), salesCsv(4));
  const down = await run();
  expect(down.run.state).toBe("done");
  expect(down.monitor?.message).toMatch(/the webhook 127\.0\.0\.1:\d+ was not told, attempts 1: it is not reached/);
});
