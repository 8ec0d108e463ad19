import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { RunReport, TaskReport } from "@millwright/orchestration";
import { checkProject, loadProject, throwawayProject } from "@millwright/project";
import { compose } from "./compose.ts";
import { startControl } from "./control/control.ts";
import { installation } from "./installation.ts";
import { statePaths } from "./paths.ts";
import { keepServing, type ServingProcess } from "./serving-process.ts";

/** A project's road, taken on state of its own, and where it answers. */
export interface Throwaway {
  readonly report: RunReport;
  readonly controlUrl: string;
  readonly servingUrl: string;
}

export interface ThrowawaySettings {
  readonly projectDir: string;
  readonly sampleRows: number;
  readonly signal: AbortSignal;
  readonly onTask: (report: TaskReport) => void;
}

const HOST = "127.0.0.1";

/** Takes a project's road in a folder that is removed afterwards, whatever happens; the project's own state is not opened. */
export async function withThrowaway<Result>(
  settings: ThrowawaySettings,
  work: (throwaway: Throwaway) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "mill-test-"));
  const closing: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    return await work(await start(settings, { folder, closing }));
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}

async function start(
  { projectDir, sampleRows, signal, onTask }: ThrowawaySettings,
  { folder, closing }: { readonly folder: string; readonly closing: (() => Promise<unknown>)[] },
): Promise<Throwaway> {
  const paths = statePaths(folder);
  const alter = (read: Awaited<ReturnType<typeof loadProject>>) => throwawayProject(read, { sampleRows });
  const project = await alter(await loadProject({ projectDir, millwrightUrl: installation().millwrightUrl }));
  checkProject(project);
  await mkdir(paths.root, { recursive: true });
  const platform = await compose(project, paths, { exclusive: true });
  closing.push(() => platform.close());
  const running: { serving?: ServingProcess } = {};
  const { logger } = platform;
  const control = await startControl({ paths, port: 0, logger, serving: () => running.serving, onTask, alter });
  closing.push(() => control.close());
  const runner = await control.begin({ project, platform });
  const serving = await keepServing(
    {
      host: HOST,
      port: 0,
      grpcPort: 0,
      deploymentFile: paths.deployment,
      logFolder: paths.predictions,
      logFile: join(paths.logs, "serving.log"),
    },
    logger,
  );
  running.serving = serving;
  closing.push(() => serving.close());
  const { runId, ended } = await runner.start({ force: false, trigger: "mill test" });
  signal.addEventListener("abort", () => runner.cancel(runId));
  const report = await ended;
  const servingUrl = `http://${HOST}:${serving.port}`;
  await servesAll(servingUrl, await platform.services());
  return { report, controlUrl: `http://${HOST}:${control.port}`, servingUrl };
}

const SERVED_WITHIN_MS = 10_000;

/** Waits until the serving process has taken up what was deployed. */
async function servesAll(url: string, services: readonly { readonly name: string }[]): Promise<void> {
  const untilMs = performance.now() + SERVED_WITHIN_MS;
  for (const { name } of services) {
    const ready = `${url}/v2/models/${encodeURIComponent(name)}/ready`;
    while (!(await fetch(ready).then(({ ok }) => ok)) && performance.now() < untilMs) await pause(20);
  }
}
