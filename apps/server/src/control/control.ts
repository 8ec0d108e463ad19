import { icebergProtocol } from "@millwright/lakehouse/iceberg-http";
import { createMetrics, startHttpServer, type HttpServer } from "@millwright/platform";
import { logEvents } from "@millwright/platform/logs-http";
import type { Project } from "@millwright/project";
import { compileRoad } from "@millwright/project";
import type { TaskReport } from "@millwright/orchestration";
import type { Platform } from "../compose.ts";
import { installation } from "../installation.ts";
import type { StatePaths } from "../paths.ts";
import { consolePages } from "./console-pages.ts";
import { controlRoutes, roadEvents, type ControlParts, type Status } from "./http.ts";
import { createLayouts } from "./layout.ts";
import { createRoadBoard } from "./road-board.ts";
import { createRoadRunner, type RoadRunner } from "./road-runner.ts";
import { startScheduler, type Scheduler } from "./scheduler.ts";

export interface ControlOptions {
  readonly project: Project;
  readonly platform: Platform;
  readonly paths: StatePaths;
  readonly port: number;
  /** The other processes, as they are at the moment of asking. */
  readonly serving: () => { readonly port: number; readonly pid: number | undefined } | undefined;
  readonly onTask: (report: TaskReport) => void;
  /** What a run takes of the project as it was read. */
  readonly alter?: (read: Project) => Promise<Project>;
}

/** The control process's own part: the API, the console, and the one place where runs are started. */
export interface Control {
  readonly port: number;
  readonly runner: RoadRunner;
  close(): Promise<void>;
}

const HOST = "127.0.0.1";

/** Starts control for a project whose lock this process holds. Throws `platform/port-taken`. */
export async function startControl(options: ControlOptions): Promise<Control> {
  const { project, platform, paths, onTask, serving, alter } = options;
  const board = createRoadBoard();
  await board.draw(project, compileRoad(project, platform.parts), platform.runs);
  const runner = createRoadRunner(project, { platform, paths, board, onTask, alter });
  const started: { server?: HttpServer; scheduler?: Scheduler } = {};
  const parts: ControlParts = {
    platform,
    project: () => runner.project(),
    board,
    runner,
    layOut: createLayouts(),
    logs: paths.logs,
    services: {
      deploymentFile: paths.deployment,
      servingUrl: () => {
        const running = serving();
        return running === undefined ? undefined : `http://${HOST}:${running.port}`;
      },
    },
    status: () => statusOf({ project: runner.project(), platform, serving, ...started }),
  };
  const server = await startHttpServer({
    host: HOST,
    port: options.port,
    title: "Millwright",
    version: installation().version,
    routes: controlRoutes(() => parts),
    events: [roadEvents(parts), logEvents(paths.logs)],
    protocols: [icebergProtocol(platform.iceberg)],
    metrics: roadMetrics(parts),
    isReady: () => serving() !== undefined,
    pages: consolePages(),
    logger: platform.logger,
  });
  const scheduler = startScheduler({ runner, clock: platform.parts.clock, logger: platform.logger });
  Object.assign(started, { server, scheduler });
  // The first page need not wait for it. What fails here is told to whoever asks.
  parts.layOut(board.view()).catch(() => undefined);
  return {
    port: server.port,
    runner,
    close: async () => {
      scheduler.close();
      await runner.close();
      await server.close();
    },
  };
}

async function statusOf({
  project,
  platform: { runs },
  serving,
  scheduler,
  server,
}: Pick<ControlOptions, "project" | "platform" | "serving"> & {
  readonly scheduler?: Scheduler;
  readonly server?: HttpServer;
}): Promise<Status> {
  const [last] = await runs.list({ limit: 1 });
  const running = serving();
  return {
    project: project.settings.name,
    up: {
      pid: process.pid,
      controlPort: server?.port ?? 0,
      restPort: running?.port ?? 0,
      grpcPort: null,
      servingPid: running?.pid ?? null,
    },
    nextRunAtMs: scheduler?.nextRunAtMs() ?? null,
    lastRun: last === undefined ? null : ((await runs.run(last.runId)) ?? null),
  };
}

/** What Prometheus reads of the road: each step's last time, its state and its alerts. */
function roadMetrics({ board }: Pick<ControlParts, "board">) {
  const metrics = createMetrics();
  const steps = () => board.view().nodes.map((node) => ({ node, labels: { step: node.id } }));
  metrics.gauges("millwright_step_seconds", "How long a step of the road last took.", () =>
    steps().flatMap(({ node, labels }) => (node.tookMs === null ? [] : [{ labels, value: node.tookMs / 1_000 }])),
  );
  metrics.gauges("millwright_step_done_timestamp_seconds", "When a step last ran to its end.", () =>
    steps().flatMap(({ node, labels }) => (node.doneAtMs === null ? [] : [{ labels, value: node.doneAtMs / 1_000 }])),
  );
  metrics.gauges("millwright_step_failed", "1 when a step's last run failed.", () =>
    steps().map(({ node, labels }) => ({ labels, value: node.state === "failed" ? 1 : 0 })),
  );
  metrics.gauges("millwright_monitor_alerts", "Alerts that a monitor's last run raised.", () =>
    steps().flatMap(({ node }) => {
      const { alerts } = node.facts;
      return node.kind === "monitor" && typeof alerts === "number"
        ? [{ labels: { monitor: node.name }, value: alerts }]
        : [];
    }),
  );
  metrics.gauges("process_resident_memory_bytes", "Memory of the control process.", () => [
    { labels: {}, value: process.memoryUsage.rss() },
  ]);
  return metrics;
}
