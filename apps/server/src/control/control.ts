import { systemClock, type Logger } from "@millwright/kernel";
import { icebergProtocol, type IcebergPlaces } from "@millwright/lakehouse/iceberg-http";
import { createMetrics, platformErrors, startHttpServer, type HttpServer } from "@millwright/platform";
import { logEvents } from "@millwright/platform/logs-http";
import type { Project } from "@millwright/project";
import { compileRoad } from "@millwright/project";
import type { TaskReport } from "@millwright/orchestration";
import { deployTraffic } from "@millwright/serving";
import type { Platform } from "../compose.ts";
import { installation } from "../installation.ts";
import type { StatePaths } from "../paths.ts";
import { consolePages } from "./console-pages.ts";
import { controlRoutes, roadEvents, type ControlParts, type Status } from "./http.ts";
import { keepDefinedGraphs } from "./defined-graphs.ts";
import { keepModelLimits } from "./model-limits.ts";
import { createLayouts } from "./layout.ts";
import { createRoadBoard } from "./road-board.ts";
import { createRoadRunner, type RoadRunner } from "./road-runner.ts";
import { createComplaints } from "./complaints.ts";
import { startCaretaker, type Caretaker } from "./caretaker.ts";
import { startRollouts, type Rollouts } from "./rollouts.ts";
import { startScheduler, type Scheduler } from "./scheduler.ts";

export interface ControlOptions {
  readonly paths: StatePaths;
  readonly port: number;
  readonly logger: Logger;
  /** The other processes, as they are at the moment of asking. */
  readonly serving: () =>
    | { readonly port: number; readonly grpcPort: number | null; readonly pid: number | undefined }
    | undefined;
  readonly onTask: (report: TaskReport) => void;
  /** What a run takes of the project as it was read. */
  readonly alter?: (read: Project) => Promise<Project>;
}

/** The control process's own part: the API, the console, and the one place where runs are started. */
export interface Control {
  readonly port: number;
  /** Takes up the project, whose lock this process holds: what was refused with `platform/starting` is answered now. */
  begin(session: { readonly project: Project; readonly platform: Platform }): Promise<RoadRunner>;
  close(): Promise<void>;
}

const HOST = "127.0.0.1";

/** Listens at once, before the project is read. Throws `platform/port-taken`. */
export async function startControl(options: ControlOptions): Promise<Control> {
  const { paths, logger, serving } = options;
  const board = createRoadBoard();
  const begun: { parts?: ControlParts; scheduler?: Scheduler; caretaker?: Caretaker; rollouts?: Rollouts } = {};
  const server = await startHttpServer({
    host: HOST,
    port: options.port,
    title: "Millwright",
    version: installation().version,
    routes: controlRoutes(() => partsOf(begun)),
    events: [roadEvents({ board }), logEvents(paths.logs)],
    protocols: [icebergProtocol(icebergOf(() => partsOf(begun).platform, logger))],
    metrics: roadMetrics({ board }),
    isReady: () => begun.parts !== undefined && serving() !== undefined,
    pages: consolePages(),
    logger,
  });
  return {
    port: server.port,
    begin: async ({ project, platform }) => {
      // What was decided and then not deployed, where the process died between the two.
      const complaints = createComplaints(logger, "a service is answered as before: what was decided is not deployed");
      for (const { name, definition } of project.services)
        await complaints.hear(name, () => deployTraffic(platform.parts, [definition]));
      await keepDefinedGraphs(project, paths.deployment);
      await keepModelLimits(project, platform.parts);
      await board.draw(project, compileRoad(project, platform.parts), platform.runs);
      const runner = createRoadRunner(project, { ...options, platform, board });
      const scheduler = startScheduler({ runner, clock: platform.parts.clock, logger });
      const caretaker = startCaretaker({ platform, runner, clock: platform.parts.clock, logger });
      const { services } = placesOf(options);
      const rollouts = startRollouts({ parts: platform.parts, runner, servingUrl: services.servingUrl, logger });
      const status = () => statusOf({ project: runner.project(), platform, serving, scheduler, server });
      const parts = { platform, project: () => runner.project(), board, runner, status };
      Object.assign(begun, {
        scheduler,
        caretaker,
        rollouts,
        parts: { ...parts, ...placesOf(options), layOut: createLayouts() },
      });
      return runner;
    },
    close: async () => {
      begun.scheduler?.close();
      await begun.rollouts?.close();
      await begun.caretaker?.close();
      await begun.parts?.runner?.close();
      await server.close();
    },
  };
}

function partsOf({ parts }: { readonly parts?: ControlParts }): ControlParts {
  if (parts !== undefined) return parts;
  throw platformErrors.create("platform/starting", { because: "the project is being read" });
}

/** The catalog of the platform, once there is one. */
function icebergOf(platform: () => Platform, logger: Logger): IcebergPlaces {
  return {
    get name() {
      return platform().iceberg.name;
    },
    get elsewhere() {
      return platform().iceberg.elsewhere;
    },
    logger,
    clock: systemClock,
    clients: () => platform().iceberg.clients(),
    locateNow: (key) => platform().iceberg.locateNow?.(key),
    world: async (branch) => platform().iceberg.world(branch),
  };
}

function placesOf({ paths, serving }: ControlOptions): Pick<ControlParts, "logs" | "services"> {
  const servingUrl = () => {
    const running = serving();
    return running === undefined ? undefined : `http://${HOST}:${running.port}`;
  };
  return { logs: paths.logs, services: { deploymentFile: paths.deployment, servingUrl } };
}

async function statusOf({
  project,
  platform: { runs },
  serving,
  scheduler,
  server,
}: Pick<ControlOptions, "serving"> & {
  readonly project: Project;
  readonly platform: Platform;
  readonly scheduler: Scheduler;
  readonly server: HttpServer;
}): Promise<Status> {
  const [last] = await runs.list({ limit: 1 });
  const running = serving();
  return {
    project: project.settings.name,
    up: {
      pid: process.pid,
      controlPort: server.port,
      restPort: running?.port ?? 0,
      grpcPort: running?.grpcPort ?? null,
      servingPid: running?.pid ?? null,
    },
    nextRunAtMs: scheduler.nextRunAtMs(),
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
