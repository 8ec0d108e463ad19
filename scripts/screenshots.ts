import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { openBrowser } from "../e2e/support/browser.ts";
import { differentFlights, infer } from "../e2e/support/callers.ts";
import { findMeans, means } from "../e2e/support/means.ts";
import { edit, end, eventually, millLater, millUp } from "../e2e/support/project.ts";

// `npm run screenshots`: the console's pages over the flights example, in light, in dark and on a phone, into docs/img.
// `npm run screenshots -- road step` takes those alone.

const root = join(import.meta.dirname, "..");
const project = join(root, "examples", "flights");
const folder = join(root, "docs", "img");

const looks = {
  light: { width: 1_360, height: 850, colorScheme: "light" },
  dark: { width: 1_360, height: 850, colorScheme: "dark" },
  narrow: { width: 390, height: 844, colorScheme: "light" },
} as const;

interface Subject {
  readonly address: string;
  /** Not also in dark: the pictures are kept in the repository. */
  readonly light?: boolean;
  readonly prepare?: (page: Page) => Promise<void>;
}

const BRANCH = "indiana";
/** Each makes predictions, and a snapshot of their table with a file of its own. */
const ROUNDS = [60, 240, 20, 120, 90] as const;

const pages: Readonly<Record<string, Subject>> = {
  road: { address: "/", prepare: waitForSteps },
  step: { address: "/?node=training:late-flights", prepare: waitForSteps },
  table: { address: "/tables/departures", light: true },
  files: { address: "/tables/predictions", light: true, prepare: scrollToFiles },
  checks: { address: "/checks", light: true },
  branch: { address: `/branches/${BRANCH}`, prepare: previewPublishing },
  changes: { address: `/tables/airports/changes?branch=${BRANCH}&keys=airport` },
  run: { address: "" },
  model: { address: "/models/late-flights" },
  service: { address: "/services/late-flights", light: true, prepare: predict },
  monitor: { address: "/monitors/late-flights-drift", light: true },
  lineage: { address: "/lineage/late-flights" },
};

const { chromium } = findMeans({ root, path: process.env["PATH"] ?? "" });
if (chromium === undefined) throw new Error(`needs ${means.chromium.what}`);
mkdirSync(folder, { recursive: true });
const up = await millUp(project);
await up.road;
const made: string[] = [];
let longest = "";
try {
  longest = await longestRun();
  await predictSome();
  await writeBranch();
  const browser = await openBrowser(chromium);
  for (const name of Object.keys(looks)) made.push(...(await take(browser, name as keyof typeof looks)));
  await browser.close();
  await ask(`branches/${BRANCH}`, "DELETE");
} finally {
  await end(up);
}
const bytes = made.reduce((sum, path) => sum + statSync(path).size, 0);
console.log(`${made.length} pictures in docs/img, ${(bytes / 1e6).toFixed(2)} MB`);

async function take(browser: Browser, name: keyof typeof looks): Promise<readonly string[]> {
  const { colorScheme, ...viewport } = looks[name];
  const context = await browser.newContext({
    baseURL: `http://127.0.0.1:${up.controlPort}`,
    viewport,
    colorScheme,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const paths: string[] = [];
  const asked = process.argv.slice(2);
  for (const [subject, { address, prepare, light }] of Object.entries(pages)) {
    if (asked.length > 0 && !asked.includes(subject)) continue;
    if (light === true && name === "dark") continue;
    await page.goto(subject === "run" ? `/runs/${longest}` : address);
    await page.locator(".shell[aria-busy=false]").waitFor();
    await page.evaluate("document.fonts.ready");
    await prepare?.(page);
    // Charts are drawn in the frame after their code has come.
    await page.waitForTimeout(400);
    const path = join(folder, `${subject}-${name}.png`);
    await page.screenshot({ path });
    paths.push(path);
  }
  await context.close();
  return paths;
}

/** The graph's code and its layout come after the page. */
async function waitForSteps(page: Page): Promise<void> {
  await page.locator(".react-flow__node, .listed").first().waitFor();
}

async function predict(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Predict", exact: true }).click();
  await page.getByTestId("probability").waitFor();
}

/** The file map stands below the rows. */
async function scrollToFiles(page: Page): Promise<void> {
  await page.getByRole("heading", { name: "Snapshots" }).scrollIntoViewIfNeeded();
  await page.getByRole("region", { name: "Files and partitions" }).scrollIntoViewIfNeeded();
}

async function previewPublishing(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await page.getByText("latitude_band").waitFor();
}

/** Some predictions at a time, until the log has brought them into their table: each a snapshot of it, with a file. */
async function predictSome(): Promise<void> {
  for (const [round, predictions] of ROUNDS.entries()) {
    const before = await predictionsKept();
    for (const [index, flight] of differentFlights(predictions).entries())
      await infer(up.port, { id: `picture-${round}-${index}`, flight });
    await eventually("the predictions in their table", async () =>
      (await predictionsKept()) >= before + predictions ? true : undefined,
    );
  }
}

async function predictionsKept(): Promise<number> {
  const answer = await ask("tables/predictions", "GET");
  if (!answer.ok) return 0;
  const { table } = (await answer.json()) as { readonly table: { readonly rowCount: number } };
  return table.rowCount;
}

/** Indiana has had daylight saving since 2006: what that changes, on a branch. */
async function writeBranch(): Promise<void> {
  const model = "models/staging/airports.sql";
  const [was, is] = ["'HI', 'IN', 'PR'", "'HI', 'PR'"];
  const [without, withBand] = ["  longitude,\n  case", "  longitude,\n  round(latitude) as latitude_band,\n  case"];
  edit(project, model, (text) => text.replace(was, is).replace(without, withBand));
  try {
    await millLater(["run", "--branch", BRANCH, "--select", "airports", "--project", project]);
  } finally {
    edit(project, model, (text) => text.replace(is, was).replace(withBand, without));
  }
}

/** The run that has the most to show. */
async function longestRun(): Promise<string> {
  const runs = (await (await ask("runs", "GET")).json()) as readonly {
    readonly runId: string;
    readonly startedAtMs: number;
    readonly endedAtMs: number | null;
  }[];
  const tookMs = (run: (typeof runs)[number]) => (run.endedAtMs ?? run.startedAtMs) - run.startedAtMs;
  return runs.reduce((one, other) => (tookMs(other) > tookMs(one) ? other : one)).runId;
}

function ask(path: string, method: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${up.controlPort}/api/v1/${path}`, { method });
}
