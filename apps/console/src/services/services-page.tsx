import type { AppliedService, Service } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "../api.ts";
import { SERVED_STATES } from "../graphs/served-states.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Empty } from "../parts/empty.tsx";
import { Middle } from "../parts/middle.tsx";
import { Page, Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { State } from "../parts/state.tsx";
import { InMemory } from "./in-memory.tsx";

/** All that answers: the project's services, graphs of them, and what KServe's documents ask for. */
export function ServicesPage() {
  const { data, error } = useQuery({ queryKey: ["services"], queryFn: () => api.listServices() });
  const applied = useQuery({ queryKey: ["applied-services"], queryFn: () => api.listAppliedServices() });
  const graphs = (applied.data ?? []).filter(({ kind }) => kind === "InferenceGraph");
  const models = (applied.data ?? []).filter(({ kind }) => kind !== "InferenceGraph");
  return (
    <Page title="Services" docs="concepts/service.md">
      {error === null ? null : <Problem error={error} />}
      {applied.error === null ? null : <Problem error={applied.error} />}
      {data?.length === 0 && (applied.data?.length ?? 0) > 0 ? null : data?.length === 0 ? (
        <Empty command="npx mill run">
          A service stands here once its model has a champion: a version whose gates hold.
        </Empty>
      ) : (
        <div className="panel">
          <DataTable label="Services" rows={data ?? []} columns={SERVICES} keyOf={({ name }) => name} />
        </div>
      )}
      {graphs.length === 0 ? null : (
        <Panel title="Inference graphs">
          <DataTable label="Inference graphs" rows={graphs} columns={GRAPHS} keyOf={({ name }) => name} />
        </Panel>
      )}
      {models.length === 0 ? null : (
        <Panel title="Applied documents">
          <DataTable
            label="Applied documents"
            rows={models}
            columns={columnsOf(models)}
            keyOf={keyOf}
            pageRows={25}
            textOf={({ name }) => name}
          />
        </Panel>
      )}
      <InMemory />
    </Page>
  );
}

function keyOf({ kind, name }: AppliedService): string {
  return `${kind} ${name}`;
}

const SERVICES: readonly DataColumn<Service>[] = [
  {
    name: "service",
    show: ({ name }) => (
      <Link to="/services/$name" params={{ name }}>
        {name}
      </Link>
    ),
  },
  {
    name: "model",
    show: ({ model, version }) =>
      model === null ? (
        <span>a function, version {version}</span>
      ) : (
        <Link to="/models/$name" params={{ name: model }}>
          {model} version {version}
        </Link>
      ),
  },
  { name: "address", show: ({ url }) => <span className="mono">{url ?? "not up"}</span> },
];

/** It is not in memory, and answers: its first request has it loaded. */
const ON_DEMAND = { state: "waiting", word: "loaded on demand" } as const;

const STATE: DataColumn<AppliedService> = {
  name: "state",
  sort: ({ state }) => state,
  show: ({ state, reason }) => (
    <span title={reason}>
      <State {...(state === "READY" && reason !== "" ? ON_DEMAND : SERVED_STATES[state])} />
    </span>
  ),
};

const GRAPHS: readonly DataColumn<AppliedService>[] = [
  {
    name: "graph",
    sort: ({ name }) => name,
    show: ({ name }) => (
      <Link to="/services/graphs/$name" params={{ name }}>
        {name}
      </Link>
    ),
  },
  STATE,
  {
    name: "comes from",
    show: ({ source }) => (source === "defined" ? "the project" : "an applied document"),
  },
  { name: "address", show: ({ url }) => <span className="mono">{url ?? "not up"}</span> },
];

const DOCUMENTS: readonly DataColumn<AppliedService>[] = [
  {
    name: "name",
    sort: ({ name }) => name,
    show: ({ kind, name }) =>
      kind.endsWith("Runtime") ? (
        name
      ) : (
        <Link to="/services/models/$name" params={{ name }} className="bound">
          <Middle text={name} />
        </Link>
      ),
  },
  STATE,
  { name: "document", sort: ({ kind }) => kind, show: ({ kind }) => kind },
  {
    name: "model lies at",
    show: ({ storageUri }) =>
      storageUri === null ? (
        "–"
      ) : (
        <span className="mono bound wide">
          <Middle text={storageUri} />
        </span>
      ),
  },
];

/** Why one does not answer, where there is one that does not. */
function columnsOf(documents: readonly AppliedService[]): readonly DataColumn<AppliedService>[] {
  const told = ({ state, reason }: AppliedService) => (state === "READY" ? "" : reason);
  if (documents.every((one) => told(one) === "")) return DOCUMENTS;
  return [...DOCUMENTS, { name: "reason", wrap: true, show: told }];
}
