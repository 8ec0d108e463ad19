import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { openBrowser } from "../e2e/support/browser.ts";
import { differentFlights, infer } from "../e2e/support/callers.ts";
import { findMeans, means } from "../e2e/support/means.ts";
import { edit, end, eventually, millLater, millUp } from "../e2e/support/project.ts";
import { takePictures, type Subject } from "./lib/pictures.ts";
import { servedSubjects, startServedProject } from "./lib/served-models.ts";

// `npm run screenshots`: the console's pages over the flights example, in light, in dark and on a phone, into docs/img; those
// of served models over a few thousand made-up flights. Nothing is fetched for them.
// `npm run screenshots -- road step` takes those alone.

const root = join(import.meta.dirname, "..");
const project = join(root, "examples", "flights");
const folder = join(root, "docs", "img");

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
const asked = process.argv.slice(2);
const isWanted = (subjects: object) => asked.length === 0 || asked.some((name) => Object.hasOwn(subjects, name));
const browser = await openBrowser(chromium);
const made = [...(isWanted(pages) ? await ofFlights() : []), ...(isWanted(servedSubjects) ? await ofServed() : [])];
await browser.close();
const bytes = made.reduce((sum, path) => sum + statSync(path).size, 0);
console.log(`${made.length} pictures in docs/img, ${(bytes / 1e6).toFixed(2)} MB`);

async function ofFlights(): Promise<readonly string[]> {
  const up = await millUp(project);
  await up.road;
  try {
    const { port, controlPort } = up;
    await predictSome({ port, controlPort });
    await writeBranch();
    const run = { address: `/runs/${await longestRun(controlPort)}` };
    const taken = await takePictures(browser, { controlPort, subjects: { ...pages, run }, folder, asked });
    await ask(controlPort, `branches/${BRANCH}`, "DELETE");
    return taken;
  } finally {
    await end(up);
  }
}

async function ofServed(): Promise<readonly string[]> {
  const served = await startServedProject();
  try {
    return await takePictures(browser, { controlPort: served.controlPort, subjects: servedSubjects, folder, asked });
  } finally {
    await served.end();
  }
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

interface Ports {
  readonly port: number;
  readonly controlPort: number;
}

/** Some predictions at a time, until the log has brought them into their table: each a snapshot of it, with a file. */
async function predictSome({ port, controlPort }: Ports): Promise<void> {
  for (const [round, predictions] of ROUNDS.entries()) {
    const before = await predictionsKept(controlPort);
    for (const [index, flight] of differentFlights(predictions).entries())
      await infer(port, { id: `picture-${round}-${index}`, flight });
    await eventually("the predictions in their table", async () =>
      (await predictionsKept(controlPort)) >= before + predictions ? true : undefined,
    );
  }
}

async function predictionsKept(controlPort: number): Promise<number> {
  const answer = await ask(controlPort, "tables/predictions", "GET");
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
async function longestRun(controlPort: number): Promise<string> {
  const runs = (await (await ask(controlPort, "runs", "GET")).json()) as readonly {
    readonly runId: string;
    readonly startedAtMs: number;
    readonly endedAtMs: number | null;
  }[];
  const tookMs = (run: (typeof runs)[number]) => (run.endedAtMs ?? run.startedAtMs) - run.startedAtMs;
  return runs.reduce((one, other) => (tookMs(other) > tookMs(one) ? other : one)).runId;
}

function ask(controlPort: number, path: string, method: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${controlPort}/api/v1/${path}`, { method });
}
