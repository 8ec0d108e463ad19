import {
  createRootRoute,
  createRoute,
  createRouter,
  parseSearchWith,
  stringifySearchWith,
} from "@tanstack/react-router";
import { CheckPage, ChecksPage } from "./checks/checks-page.tsx";
import { BranchPage } from "./branches/branch-page.tsx";
import { BranchesPage } from "./branches/branches-page.tsx";
import { DocumentPage } from "./docs/document-page.tsx";
import { LineagePage, LineageStartPage } from "./lineage/lineage-page.tsx";
import { LogsPage } from "./logs/logs-page.tsx";
import { logFilterOf } from "./logs/log-filter.ts";
import { ModelPage } from "./models/model-page.tsx";
import { ModelsPage } from "./models/models-page.tsx";
import { MonitorPage, MonitorsPage } from "./monitors/monitor-page.tsx";
import { later } from "./parts/later.tsx";
import { NotFound } from "./parts/not-found.tsx";
import { ServicePage } from "./services/service-page.tsx";
import { ServicesPage } from "./services/services-page.tsx";
import { RunPage } from "./runs/run-page.tsx";
import { RunsPage } from "./runs/runs-page.tsx";
import { Shell } from "./shell.tsx";
import { SqlPage } from "./sql/sql-page.tsx";
import { ChangesPage, type ChangesSearch } from "./tables/changes-page.tsx";
import { TablePage } from "./tables/table-page.tsx";
import { TablesPage } from "./tables/tables-page.tsx";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });
const at = <Path extends string>(path: Path) => ({ getParentRoute: () => root, path });

/** The version that is shown beside the one of the path. */
function againstVersion({ against }: Record<string, unknown>): { against?: number } {
  return typeof against === "string" && /^\d+$/.test(against)
    ? { against: Number(against) }
    : typeof against === "number"
      ? { against }
      : {};
}

/** The branch whose tables are shown; main's when absent. */
function onBranch({ branch }: Record<string, unknown>): { branch?: string } {
  return typeof branch === "string" ? { branch } : {};
}

/** A list in place of a picture. */
function listView({ view }: Record<string, unknown>): { view?: "list" } {
  return view === "list" ? { view } : {};
}

function texts<Name extends string>(search: Record<string, unknown>, names: readonly Name[]): { [N in Name]?: string } {
  const found = names.flatMap((name) => (typeof search[name] === "string" ? [[name, search[name]]] : []));
  return Object.fromEntries(found) as { [N in Name]?: string };
}

/** Digits stay the text that they are: ids of snapshots are larger than numbers are exact. */
function parseSearchValue(text: string): unknown {
  if (/^-?\d+$/.test(text)) throw new Error("not read as a number");
  return JSON.parse(text) as unknown;
}

export const roadRoute = createRoute({
  ...at("/"),
  validateSearch: (search: Record<string, unknown>): { node?: string; view?: "list" } => ({
    ...(typeof search["node"] === "string" ? { node: search["node"] } : {}),
    ...listView(search),
  }),
  component: later(async () => (await import("./road/road-page.tsx")).RoadPage),
});
const routes = [
  roadRoute,
  createRoute({ ...at("/tables"), validateSearch: onBranch, component: TablesPage }),
  createRoute({
    ...at("/tables/$name"),
    validateSearch: (search: Record<string, unknown>): { at?: string; branch?: string } => ({
      ...(typeof search["at"] === "string" ? { at: search["at"] } : {}),
      ...onBranch(search),
    }),
    component: TablePage,
  }),
  createRoute({
    ...at("/tables/$name/changes"),
    validateSearch: (search: Record<string, unknown>): ChangesSearch => ({
      ...texts(search, ["from", "to", "keys"]),
      ...onBranch(search),
    }),
    component: ChangesPage,
  }),
  createRoute({ ...at("/checks"), component: ChecksPage }),
  createRoute({ ...at("/checks/$name"), component: CheckPage }),
  createRoute({ ...at("/branches"), component: BranchesPage }),
  createRoute({ ...at("/branches/$name"), component: BranchPage }),
  createRoute({ ...at("/models"), component: ModelsPage }),
  createRoute({ ...at("/models/$name"), validateSearch: againstVersion, component: ModelPage }),
  createRoute({ ...at("/models/$name/$version"), validateSearch: againstVersion, component: ModelPage }),
  createRoute({ ...at("/runs"), component: RunsPage }),
  createRoute({
    ...at("/runs/$runId"),
    validateSearch: ({ against }: Record<string, unknown>): { against?: string } =>
      typeof against === "string" ? { against } : {},
    component: RunPage,
  }),
  createRoute({ ...at("/lineage"), component: LineageStartPage }),
  createRoute({ ...at("/lineage/$name"), component: LineagePage }),
  createRoute({ ...at("/docs"), component: DocumentPage }),
  createRoute({ ...at("/docs/$"), component: DocumentPage }),
  createRoute({ ...at("/logs"), validateSearch: logFilterOf, component: LogsPage }),
  createRoute({ ...at("/services"), component: ServicesPage }),
  createRoute({ ...at("/services/$name"), component: ServicePage }),
  createRoute({
    ...at("/services/graphs/$name"),
    validateSearch: listView,
    component: later(async () => (await import("./graphs/graph-page.tsx")).GraphPage),
  }),
  createRoute({
    ...at("/services/models/$name"),
    component: later(async () => (await import("./services/applied-model-page.tsx")).AppliedModelPage),
  }),
  createRoute({ ...at("/monitors"), component: MonitorsPage }),
  createRoute({ ...at("/monitors/$name"), component: MonitorPage }),
  createRoute({
    ...at("/sql"),
    validateSearch: (search: Record<string, unknown>): { sql?: string } =>
      typeof search["sql"] === "string" ? { sql: search["sql"] } : {},
    component: SqlPage,
  }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren(routes),
  defaultPreload: "intent",
  parseSearch: parseSearchWith(parseSearchValue),
  stringifySearch: stringifySearchWith(JSON.stringify, parseSearchValue),
});

declare module "@tanstack/react-router" {
  interface Register {
    readonly router: typeof router;
  }
}
