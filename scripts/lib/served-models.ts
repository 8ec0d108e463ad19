import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { differentFlights, infer } from "../../e2e/support/callers.ts";
import { edit, end, eventually, mill, millLater, millUp, smallFlights, type Up } from "../../e2e/support/project.ts";
import { treeModel } from "../../e2e/support/tree-model.ts";
import type { Subject } from "./pictures.ts";

// A project over a few thousand made-up flights, for what is told of services: two versions of a model share one's requests
// by a rollout, and the models of documents share a memory that is too small for all of them.

const NAME = "late-flights";
const AIRPORTS = ["atl", "bos", "den", "jfk", "lax", "ord", "sea", "sfo"] as const;
const ROUTES = AIRPORTS.flatMap((from) => AIRPORTS.filter((to) => to !== from).map((to) => `delay-${from}-${to}`));
const PINNED = ROUTES.slice(0, 3);
const ASKED_EVERY_MS = 40;

export const servedSubjects: Readonly<Record<string, Subject>> = {
  traffic: { address: `/services/${NAME}`, light: true, prepare: openSliders },
  rollout: { address: `/services/${NAME}`, light: true, prepare: (page) => scrollTo(page, "Traffic") },
  mesh: { address: "/services", prepare: watchMemory },
};

/** The project, up, with callers that go on until it is ended. */
export interface ServedProject {
  readonly controlPort: number;
  end(): Promise<void>;
}

export async function startServedProject(): Promise<ServedProject> {
  const projectDir = smallFlights();
  const models = mkdtempSync(join(tmpdir(), "mill-models-"));
  const run = (...args: readonly string[]) => mill([...args, "--project", projectDir]);
  const limits = `threads: 1, servedModelsMb: 6, pinnedModels: ${JSON.stringify(PINNED)}`;
  edit(projectDir, "millwright.ts", (text) => text.replace("threads: 1", limits));
  run("run");
  edit(projectDir, "training/late-flights.ts", (text) => text.replace("trees: 5", "trees: 6"));
  run("run");
  run("models", "rollback", NAME, "1", "--reason", "the newer one is tried first");
  edit(projectDir, "services/late-flights.ts", withRollout);
  const up = await millUp(projectDir);
  await up.road;
  await applyModels(projectDir, models);
  run("models", "promote", NAME, "2", "--alias", "challenger", "--reason", "one tree more");
  await askUntilStep(up);
  const callers = setInterval(() => void askSome(up), ASKED_EVERY_MS);
  return {
    controlPort: up.controlPort,
    end: async () => {
      clearInterval(callers);
      await end(up);
      for (const folder of [projectDir, models]) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function withRollout(text: string): string {
  const model = 'model: "late-flights@champion",';
  return text.replace(
    model,
    `${model}
  traffic: { rollout: { variant: "challenger", steps: [5, 25, 50], every: "1s", requestsMin: 50, gates: { latencyP99: 100, drift: 5 } } },`,
  );
}

async function applyModels(projectDir: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const documents = ROUTES.map((name, at) => {
    const file = join(folder, `${name}.txt`);
    writeFileSync(file, treeModel({ value: 10 + at, spread: 4, trees: 4 + ((at * 7) % 13), depth: 8 }));
    return `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { name: ${name} }
spec: { predictor: { model: { modelFormat: { name: lightgbm }, storageUri: "${file}" } } }
`;
  });
  const all = join(folder, "services.yaml");
  writeFileSync(all, documents.join("---\n"));
  const { code, stderr } = await millLater(["services", "apply", "-f", all, "--project", projectDir]);
  if (code !== 0) throw new Error(`the models could not be applied: ${stderr}`);
}

/** Asks until the rollout has gone from its first step to the next, and then some more, of which it has too few to go on. */
async function askUntilStep(up: Up): Promise<void> {
  // So few at a time that a step ends without many for the next one.
  const flights = differentFlights(40);
  await eventually("a step of the rollout", async () => {
    for (const [at, flight] of flights.entries()) await infer(up.port, { id: `asked-${Date.now()}-${at}`, flight });
    const answer = await fetch(`http://127.0.0.1:${up.controlPort}/api/v1/services/${NAME}/traffic/decisions`);
    const decisions = (await answer.json()) as readonly { readonly kind: string }[];
    return decisions.some(({ kind }) => kind === "step") ? true : undefined;
  });
  for (const [at, flight] of differentFlights(90).entries()) await infer(up.port, { id: `more-${at}`, flight });
}

/** The first routes far more often than the last. */
async function askSome({ port }: Up): Promise<void> {
  const name = ROUTES[Math.floor(ROUTES.length * Math.random() ** 3)];
  const data = Array.from({ length: 8 }, () => Math.round(40 * Math.random()) / 10);
  const inputs = [{ name: "x", datatype: "FP64", shape: [1, 8], data }];
  const url = `http://127.0.0.1:${port}/v2/models/${name}/infer`;
  await fetch(url, { method: "POST", body: JSON.stringify({ inputs }) }).catch(() => undefined);
}

async function scrollTo(page: Page, region: string): Promise<void> {
  await page
    .getByRole("region", { name: region, exact: true })
    .first()
    .evaluate((element: { scrollIntoView: (to: boolean) => void }) => element.scrollIntoView(true));
}

async function openSliders(page: Page): Promise<void> {
  await scrollTo(page, "Traffic");
  await page.getByRole("button", { name: "Change…" }).click();
  await page.getByRole("slider").first().fill("40");
  await page.getByLabel("Why?").fill("as many failures, and more right");
}

/** Until there is something in its charts. */
async function watchMemory(page: Page): Promise<void> {
  await page.getByRole("img", { name: "Loads and evictions over time" }).locator("svg").waitFor();
  await page.waitForTimeout(16_000);
  await scrollTo(page, "In memory");
}
