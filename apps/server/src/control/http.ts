import { join } from "node:path";
import { featureRoutes } from "@millwright/feature-store/http";
import { systemIds, Type } from "@millwright/kernel";
import { lineageRoutes } from "@millwright/governance/http";
import type { Lakehouse } from "@millwright/lakehouse";
import { branchRoutes, type BranchPlaces } from "@millwright/lakehouse/branch-http";
import { tableCareRoutes, type CarePlaces } from "@millwright/lakehouse/care-http";
import { tableChangesRoutes } from "@millwright/lakehouse/changes-http";
import { mirrorRoutes } from "@millwright/lakehouse/mirror-http";
import { lakehouseRoutes } from "@millwright/lakehouse/http";
import { sqlRoutes } from "@millwright/lakehouse/sql-http";
import { monitoringRoutes } from "@millwright/monitoring/http";
import { orchestrationErrors, type RunReport, type RunStore } from "@millwright/orchestration";
import { RunReportSchema, RunSchema, TaskReportFields, runRoutes } from "@millwright/orchestration/http";
import { platformErrors, route, type EventRoute, type Route } from "@millwright/platform";
import { logRoutes } from "@millwright/platform/logs-http";
import type { Project } from "@millwright/project";
import { deployTraffic, modelReference, readDeployment, type DeployedService } from "@millwright/serving";
import {
  appliedRoutes,
  serviceRoutes,
  trafficRoutes,
  type AppliedPlaces,
  type ServicePlaces,
} from "@millwright/serving/http";
import type { ModelVersion } from "@millwright/tracking";
import { trackingRoutes } from "@millwright/tracking/http";
import { trainingRoutes } from "@millwright/training/http";
import { checkRoutes } from "@millwright/validation/http";
import { careDefaultsOf } from "../care-settings.ts";
import type { Platform } from "../compose.ts";
import { documentationRoutes } from "./documentation.ts";
import { NODE_SIZE, type RoadLayout } from "./layout.ts";
import type { RoadBoard, RoadView } from "./road-board.ts";
import type { RoadRunner } from "./road-runner.ts";

/** What the API stands on. A one-shot command has no runner: nothing is up. */
export interface ControlParts {
  readonly platform: Platform;
  /** As it was last read. */
  readonly project: () => Project;
  readonly board: RoadBoard;
  readonly runner: RoadRunner | undefined;
  readonly services: ServicePlaces;
  /** The folder of the logs. */
  readonly logs: string;
  readonly layOut: (road: Pick<RoadView, "nodes" | "edges">, folded?: ReadonlySet<string>) => Promise<RoadLayout>;
  readonly status: () => Promise<Status>;
}

export interface Status {
  readonly project: string;
  readonly up: {
    readonly pid: number;
    readonly controlPort: number;
    readonly restPort: number;
    readonly grpcPort: number | null;
    readonly servingPid: number | null;
  } | null;
  /** When the schedule will take the road; null when nothing is up, or there is no schedule. */
  readonly nextRunAtMs: number | null;
  readonly lastRun: RunReport | null;
}

const RoadNodeSchema = Type.Object(
  {
    ...TaskReportFields,
    state: Type.Union([TaskReportFields.state, Type.Literal("never")]),
    runId: Type.Union([Type.String(), Type.Null()], { description: "The run that told this state of it." }),
    doneAtMs: Type.Union([Type.Number(), Type.Null()], { description: "When it last ran to its end." }),
    history: Type.Array(Type.Number(), { description: "Its last durations in milliseconds, oldest first." }),
    attachedTo: Type.Union([Type.String(), Type.Null()], {
      description: "The table or source that this test or check is about; it is drawn as part of it.",
    }),
    group: Type.Union([Type.String(), Type.Null()], {
      description: "The folder of its definition, by which steps are folded when there are many.",
    }),
    place: Type.Union([
      Type.Object({ file: Type.String(), line: Type.Integer(), description: Type.String() }),
      Type.Null(),
    ]),
  },
  { title: "RoadNode" },
);

const RoadSchema = Type.Object(
  {
    project: Type.String(),
    description: Type.String(),
    run: Type.Union([RunSchema, Type.Null()]),
    nodes: Type.Array(RoadNodeSchema),
    edges: Type.Array(
      Type.Object({
        from: Type.String(),
        to: Type.String(),
        isGate: Type.Boolean({ description: "A check that must hold, rather than data that is read." }),
      }),
    ),
  },
  { title: "Road" },
);

const LayoutSchema = Type.Object(
  {
    width: Type.Number(),
    height: Type.Number(),
    nodeWidth: Type.Number(),
    nodeHeight: Type.Number(),
    nodes: Type.Array(Type.Object({ id: Type.String(), x: Type.Number(), y: Type.Number() })),
  },
  { title: "RoadLayout", description: "Pixels from the top left." },
);

const StatusSchema = Type.Object(
  {
    project: Type.String(),
    up: Type.Union([
      Type.Object({
        pid: Type.Integer(),
        controlPort: Type.Integer(),
        restPort: Type.Integer(),
        grpcPort: Type.Union([Type.Integer(), Type.Null()]),
        servingPid: Type.Union([Type.Integer(), Type.Null()]),
      }),
      Type.Null(),
    ]),
    nextRunAtMs: Type.Union([Type.Number(), Type.Null()], {
      description: "When the schedule will take the road; null when nothing is up, or there is no schedule.",
    }),
    lastRun: Type.Union([RunReportSchema, Type.Null()]),
  },
  { title: "Status" },
);

const MAIN = "main";

const RunIdParameter = Type.Object({ runId: Type.String({ minLength: 1 }) });

/** Every operation of the control process. What they stand on is opened when the first is asked for. */
export function controlRoutes(open: () => ControlParts): readonly Route[] {
  return [
    ...roadRoutes(open),
    ...runRoutes(() => runsOf(open())),
    ...lakehouseRoutes((branch) => lakehouseOf(open(), branch)),
    ...sqlRoutes(() => ({ ...open().platform.queries, open: (branch) => lakehouseOf(open(), branch) })),
    ...tableChangesRoutes((branch) => lakehouseOf(open(), branch)),
    ...tableCareRoutes(() => careOf(open())),
    ...mirrorRoutes(() => {
      const { platform } = open();
      return { world: () => platform.tables(), mirrors: platform.lakehouse.mirrors };
    }),
    ...branchRoutes(() => branchesOf(open())),
    ...trackingRoutes(
      () => open().platform.tracking,
      (version) => deployAlias(open(), version),
    ),
    ...trainingRoutes(() => open().platform.tracking),
    ...serviceRoutes(() => open().services),
    ...appliedRoutes(() => ({ ...open().services, registry: registryOf(open().platform) })),
    ...trafficRoutes(() => {
      const { platform, project, services } = open();
      const definitions = project().services.map(({ definition }) => definition);
      return { parts: platform.parts, services: definitions, servingUrl: services.servingUrl };
    }),
    ...monitoringRoutes(() => {
      const { platform, project } = open();
      return { ...platform, monitors: project().monitors.map(({ definition }) => definition) };
    }),
    ...lineageRoutes(() => open().platform),
    ...checkRoutes(() => open().platform.checks),
    ...featureRoutes(() => featuresOf(open())),
    ...logRoutes(() => open().logs),
    ...documentationRoutes,
  ];
}

/** The project's registered models, as documents name them. */
function registryOf({ tracking }: Pick<Platform, "tracking">): AppliedPlaces["registry"] {
  return {
    find: async ({ name, version, alias }) => {
      const versions = await tracking.versions(name);
      const found = versions.find((one) =>
        version === undefined ? one.aliases.includes(alias ?? "champion") : one.version === version,
      );
      if (found !== undefined) return { path: found.artifactPath, version: String(found.version) };
      const wanted = version === undefined ? `with the alias ${alias ?? "champion"}` : version;
      throw platformErrors.create("platform/usage", { because: `the model ${name} has no version ${wanted}` });
    },
  };
}

/** Brings a model's services up to date with its aliases. Answers those that answer with the version; the road deploys the others. */
async function deployAlias(
  { platform: { parts }, project }: ControlParts,
  { model, version }: Pick<ModelVersion, "model" | "version">,
): Promise<readonly string[]> {
  const services = project().services.map(({ definition }) => definition);
  await deployTraffic(
    parts,
    services.filter((service) => modelReference(service.model).model === model),
  );
  const answers = ({ traffic, ...own }: DeployedService) =>
    [own, ...Object.values(traffic?.variants ?? {})].some((one) => one.model === model && one.version === version);
  return (await readDeployment(parts)).services.filter(answers).map(({ name }) => name);
}

/** The tables of main, or of a branch. */
async function lakehouseOf({ platform }: ControlParts, branch: string | undefined): Promise<Lakehouse> {
  return branch === undefined || branch === MAIN ? platform.lakehouse : platform.tablesOf(branch);
}

/** What is published is seen at once, what the branch did for it need not be done again, and its lineage is main's. */
function branchesOf({ platform: { branches, lakehouse, tablesOf, runs, lineage } }: ControlParts): BranchPlaces {
  return {
    branches,
    main: lakehouse,
    tablesOf,
    published: async (branch, changes) => {
      await lakehouse.refresh(changes.map(({ name }) => name));
      await runs.adopt(branch);
      await lineage.adopt(branch);
    },
    dropped: async (branch) => {
      await runs.forgetBranch(branch);
      await lineage.forgetBranch(branch);
    },
  };
}

function careOf({ platform, project }: ControlParts): CarePlaces {
  return {
    world: () => platform.tables(),
    engine: () => platform.lakehouse.engine,
    defaults: () => careDefaultsOf(project().settings),
    careLog: () => platform.careLog,
  };
}

function featuresOf({ platform: { lakehouse, parts }, project }: ControlParts) {
  const { featureViews, onDemandViews } = project();
  return {
    lakehouse,
    featureViews: featureViews.map(({ definition }) => definition),
    onDemandViews: onDemandViews.map(({ definition }) => definition),
    online: parts.online,
    exchangeFolder: join(parts.scratchFolder, "exchange"),
    ids: systemIds,
  };
}

/** The kept runs; the one under way as it is at this moment. */
function runsOf({ board, platform: { runs } }: ControlParts): Pick<RunStore, "list" | "run"> {
  return { list: (page) => runs.list(page), run: async (id) => board.report(id) ?? runs.run(id) };
}

function roadRoutes(open: () => ControlParts): readonly Route[] {
  return [
    route({
      id: "showStatus",
      path: "/api/v1/status",
      summary: "What is up, and how the last run went.",
      response: StatusSchema,
      handler: () => open().status(),
    }),
    route({
      id: "showRoad",
      path: "/api/v1/road",
      summary: "The road as a graph, each step as it is now.",
      response: RoadSchema,
      handler: () => open().board.view(),
    }),
    route({
      id: "layOutRoad",
      path: "/api/v1/road/layout",
      summary: "Where each step stands in a drawing from left to right.",
      query: Type.Object({
        folded: Type.Optional(
          Type.String({ maxLength: 8_000, description: "The groups that stand as one node each, a line for each." }),
        ),
      }),
      response: LayoutSchema,
      handler: async ({ query: { folded } }) => {
        const { board, layOut } = open();
        return {
          ...(await layOut(board.view(), new Set(folded?.split("\n")))),
          nodeWidth: NODE_SIZE.width,
          nodeHeight: NODE_SIZE.height,
        };
      },
    }),
    route({
      id: "startRun",
      path: "/api/v1/runs",
      summary: "Take the road, or a part of it.",
      body: Type.Object({
        select: Type.Optional(Type.Array(Type.String(), { description: "dbt's selectors." })),
        force: Type.Optional(Type.Boolean({ description: "Also what has not changed." })),
        trigger: Type.Optional(Type.String({ maxLength: 200 })),
      }),
      response: Type.Object({ runId: Type.String() }, { title: "RunStarted" }),
      status: 202,
      handler: async ({ body: { select, force, trigger } }) => {
        const { runId } = await runnerOf(open()).start({
          force: force ?? false,
          trigger: trigger ?? "api",
          ...(select === undefined ? {} : { selectors: select }),
        });
        return { runId };
      },
    }),
    route({
      id: "cancelRun",
      method: "POST",
      path: "/api/v1/runs/:runId/cancel",
      summary: "Stop a run: what is under way ends, nothing new begins.",
      params: RunIdParameter,
      response: Type.Object({ runId: Type.String() }, { title: "RunCancelled" }),
      handler: ({ params: { runId } }) => {
        if (!runnerOf(open()).cancel(runId))
          throw orchestrationErrors.create("orchestration/unknown-run", { because: `run ${runId} is not under way` });
        return { runId };
      },
    }),
  ];
}

function runnerOf({ runner }: ControlParts): RoadRunner {
  if (runner === undefined) throw platformErrors.create("platform/not-up", { because: "no `mill up` runs here" });
  return runner;
}

/** The road as it changes: first the whole, then each step and run. */
export function roadEvents({ board }: Pick<ControlParts, "board">): EventRoute {
  return {
    path: "/api/v1/events",
    summary: "The road as it changes, as server-sent events: `road`, `node`, `run`.",
    subscribe: (send) => {
      send({ event: "road", data: board.view() });
      return board.subscribe(send);
    },
  };
}
