import { planFeatures } from "@millwright/feature-store";
import { trainingTable } from "@millwright/training";
import type { RunReport, RunStore, Task, TaskReport } from "@millwright/orchestration";
import type { Project } from "@millwright/project";
import { placesOf, type DefinitionPlace } from "./places.ts";

/** A step of the road as the console shows it: its last report, and what is known of it besides. */
interface RoadNode extends Omit<TaskReport, "state"> {
  readonly state: TaskReport["state"] | "never";
  /** The run that told this state of it; null if none has. */
  readonly runId: string | null;
  /** When it last really ran to its end; null if never. */
  readonly doneAtMs: number | null;
  /** Its last durations, oldest first, in milliseconds. */
  readonly history: readonly number[];
  readonly place: DefinitionPlace | null;
  /** The folder of its definition, by which steps are folded when there are many. */
  readonly group: string | null;
  /** The table or source that this test or check is about; it is drawn as part of it. */
  readonly attachedTo: string | null;
}

interface RoadEdge {
  readonly from: string;
  readonly to: string;
  /** A check that must hold, rather than data that is read. */
  readonly isGate: boolean;
}

export interface RoadView {
  readonly project: string;
  readonly description: string;
  readonly run: Omit<RunReport, "tasks"> | null;
  readonly nodes: readonly RoadNode[];
  readonly edges: readonly RoadEdge[];
}

type RoadChange =
  | { readonly event: "road"; readonly data: RoadView }
  | { readonly event: "node"; readonly data: RoadNode }
  | { readonly event: "run"; readonly data: RoadView["run"] };

const HISTORY_MAX = 20;
const TESTS = "tests:";

/** What the road is now: the one place that the console, its stream and the API read it from. */
export interface RoadBoard {
  view(): RoadView;
  /** The run under way or the last one that this process took, with its tasks. */
  report(runId: string): RunReport | undefined;
  /** Takes a project's steps, each as it last was. */
  draw(project: Project, tasks: readonly Task[], store: RunStore): Promise<void>;
  begin(run: Omit<RunReport, "tasks">): void;
  update(report: TaskReport, nowMs: number): void;
  end(run: Omit<RunReport, "tasks">): void;
  subscribe(listener: (change: RoadChange) => void): () => void;
}

export function createRoadBoard(): RoadBoard {
  const listeners = new Set<(change: RoadChange) => void>();
  let view: RoadView = { project: "", description: "", run: null, nodes: [], edges: [] };
  const nodes = new Map<string, RoadNode>();
  const reports = new Map<string, TaskReport>();
  const tell = (change: RoadChange) => {
    for (const listener of listeners) listener(change);
  };
  const setRun = (run: RoadView["run"]) => {
    view = { ...view, run };
    tell({ event: "run", data: run });
  };
  return {
    view: () => ({ ...view, nodes: [...nodes.values()] }),
    report: (runId) => (view.run?.runId === runId ? { ...view.run, tasks: [...reports.values()] } : undefined),
    draw: async (project, tasks, store) => {
      const drawn = await drawNodes(project, tasks, store);
      nodes.clear();
      for (const node of drawn) nodes.set(node.id, node);
      const { name, description = "" } = project.settings;
      view = { ...view, project: name, description, edges: edgesOf(project, tasks) };
      tell({ event: "road", data: { ...view, nodes: drawn } });
    },
    begin: (run) => {
      reports.clear();
      setRun(run);
    },
    update: (report, nowMs) => {
      const before = nodes.get(report.id);
      if (before === undefined) return;
      reports.set(report.id, report);
      const node = { ...merged(before, report, nowMs), runId: view.run?.runId ?? null };
      nodes.set(report.id, node);
      tell({ event: "node", data: node });
    },
    end: setRun,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** A step that was left as it was keeps its last time, and what its last run warned of. */
function merged(before: RoadNode, report: TaskReport, nowMs: number): RoadNode {
  const ran = report.tookMs !== null;
  return {
    ...before,
    ...report,
    ...(report.state === "unchanged" && before.state === "warned"
      ? { state: before.state, message: before.message }
      : {}),
    tookMs: report.tookMs ?? (report.state === "unchanged" ? before.tookMs : null),
    doneAtMs: ran ? nowMs : before.doneAtMs,
    history: report.tookMs === null ? before.history : [...before.history, report.tookMs].slice(-HISTORY_MAX),
  };
}

/** What is left as it was is still what its last run found it to be. */
function stateOf(report: TaskReport | undefined, success: { readonly warned: boolean } | undefined): RoadNode["state"] {
  if (report !== undefined && report.state !== "unchanged") return report.state;
  if (success === undefined) return report?.state ?? "never";
  return success.warned ? "warned" : "unchanged";
}

async function drawNodes(project: Project, tasks: readonly Task[], store: RunStore): Promise<readonly RoadNode[]> {
  const done = await store.allDone();
  const [last] = await store.list({ limit: 1 });
  const lastReports = last === undefined ? [] : ((await store.run(last.runId))?.tasks ?? []);
  const reports = new Map(lastReports.map((report) => [report.id, report]));
  const places = placesOf(project);
  const attached = attachments(project, tasks);
  return Promise.all(
    tasks.map(async ({ id, kind, name }): Promise<RoadNode> => {
      const report = reports.get(id);
      const success = done.get(id);
      const history = await store.durations(id, HISTORY_MAX);
      return {
        id,
        kind,
        name,
        state: stateOf(report, success),
        startedAtMs: report?.startedAtMs ?? null,
        tookMs: report?.tookMs ?? history.at(-1) ?? null,
        message: report?.message ?? null,
        facts: success?.facts ?? report?.facts ?? {},
        error: report?.error ?? null,
        progress: null,
        runId: report === undefined ? null : (last?.runId ?? null),
        doneAtMs: success?.doneAtMs ?? null,
        history,
        place: places.get(id) ?? null,
        group: folderOf(places.get(id)),
        attachedTo: attached.get(id) ?? null,
      };
    }),
  );
}

function folderOf(place: DefinitionPlace | undefined): string | null {
  return place === undefined || !place.file.includes("/") ? null : place.file.slice(0, place.file.lastIndexOf("/"));
}

/** Tests belong to the table they are named after, checks to the one they are declared for. */
function attachments(project: Project, tasks: readonly Task[]): ReadonlyMap<string, string> {
  const makers = new Map(
    tasks.filter(({ kind }) => kind === "table" || kind === "source").map(({ id, name }) => [name, id]),
  );
  const tested = tasks
    .filter(({ id }) => id.startsWith(TESTS))
    .map(({ id }) => [id, makers.get(id.slice(TESTS.length))] as const);
  const checked = project.checks.map(
    ({ name, definition }) => [`checks:${name}`, makers.get(definition.table.name)] as const,
  );
  return new Map([...tested, ...checked].flatMap(([id, maker]) => (maker === undefined ? [] : [[id, maker] as const])));
}

/** What each step reads and waits for. A training's rows are drawn from its feature views, not from the tables below them. */
function edgesOf(project: Project, tasks: readonly Task[]): readonly RoadEdge[] {
  const through = viewsBelow(project);
  return dependencies(tasks).flatMap((edge) => {
    const views = edge.isGate ? undefined : through.get(`${edge.from} ${edge.to}`);
    return views === undefined ? [edge] : views.map((from) => ({ ...edge, from }));
  });
}

/** By the edge from a table to a training's rows, the feature views that lie between. */
function viewsBelow({ trainings, sources }: Project): ReadonlyMap<string, readonly string[]> {
  const isSource = new Set(sources.map(({ name }) => name));
  const pairs = trainings.flatMap(({ name, definition }) =>
    planFeatures(definition.features).joins.map(({ view }) => {
      const maker = `${isSource.has(view.from.name) ? "source" : "table"}:${view.from.name}`;
      return { edge: `${maker} table:${trainingTable(name)}`, view: `feature_view:${view.name}` };
    }),
  );
  return new Map(
    [...Map.groupBy(pairs, ({ edge }) => edge)].map(([edge, found]) => [
      edge,
      [...new Set(found.map(({ view }) => view))],
    ]),
  );
}

function dependencies(tasks: readonly Task[]): readonly RoadEdge[] {
  const known = new Set(tasks.map(({ id }) => id));
  return tasks.flatMap((task) => {
    const reads = task.reads.filter((id) => known.has(id)).map((from) => ({ from, to: task.id, isGate: false }));
    const gates = task.waitsFor
      .filter((id) => known.has(id) && !task.reads.includes(id))
      .map((from) => ({ from, to: task.id, isGate: true }));
    return [...reads, ...gates];
  });
}
