import type { InferenceGraph, Service } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { api } from "../api.ts";
import { Page, Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { Snippet } from "../parts/snippet.tsx";
import { State } from "../parts/state.tsx";
import "../styles/graphs.css";
import { LatencyPhases } from "../services/latency-phases.tsx";
import { TryModel } from "../services/try-model.tsx";
import { isNumber, quoted } from "../services/request-text.ts";
import { useNarrow } from "../use-narrow.ts";
import { GraphPicture } from "./graph-picture.tsx";
import { SERVED_STATES } from "./served-states.ts";
import { StepTable } from "./step-table.tsx";
import { recentOf, useGraphs } from "./use-graphs.ts";

/** A graph of models: how a request goes through it, and what each of its steps was asked. */
export function GraphPage() {
  const { name } = useParams({ from: "/services/graphs/$name" });
  const { graphs, samples, error } = useGraphs();
  const graph = graphs?.find((one) => one.name === name);
  return (
    <Page
      docs="learn/inference-graphs.md"
      title={name}
      lead={graph === undefined ? undefined : leadOf(graph)}
      actions={graph === undefined ? undefined : <State {...SERVED_STATES[graph.state]} />}
    >
      {error === null ? null : <Problem error={error} />}
      {graphs !== undefined && graph === undefined ? <Unknown name={name} graphs={graphs} /> : null}
      {graph === undefined ? null : (
        <>
          {graph.reason === "" ? null : <p className="notice">{graph.reason}</p>}
          <Steps graph={graph} samples={samples} />
          <TryModel key={graph.name} name={graph.name} url={null} />
          <LatencyPhases model={graph.name} />
          <FromTerminal graph={graph} />
        </>
      )}
    </Page>
  );
}

function leadOf({ nodes }: InferenceGraph): string {
  const steps = Object.values(nodes).flatMap((node) => node.steps);
  const models = new Set(steps.filter(({ to }) => to !== "node").map(({ target }) => target));
  return `an inference graph of ${models.size === 1 ? "one model" : `${models.size} models`}, asked by its name as a model is`;
}

function Unknown({ name, graphs }: { readonly name: string; readonly graphs: readonly InferenceGraph[] }) {
  return (
    <div className="empty" role="alert">
      <p>The project serves no graph of the name {name}.</p>
      {graphs.map((graph) => (
        <Link key={graph.name} to="/services/graphs/$name" params={{ name: graph.name }}>
          {graph.name}
        </Link>
      ))}
    </div>
  );
}

interface StepsProps {
  readonly graph: InferenceGraph;
  readonly samples: ReturnType<typeof useGraphs>["samples"];
}

function Steps({ graph, samples }: StepsProps) {
  const { view } = useSearch({ from: "/services/graphs/$name" });
  const isNarrow = useNarrow();
  const isList = isNarrow || view === "list";
  const recent = useMemo(() => recentOf(samples, graph.name), [samples, graph.name]);
  return (
    <Panel title="How a request goes" aside={isNarrow ? undefined : <ViewSwitch name={graph.name} isList={isList} />}>
      {isList ? <StepTable graph={graph} recentOf={recent} /> : <GraphPicture graph={graph} recentOf={recent} />}
    </Panel>
  );
}

function ViewSwitch({ name, isList }: { readonly name: string; readonly isList: boolean }) {
  const navigate = useNavigate();
  const show = (search: { readonly view?: "list" }) =>
    void navigate({ to: "/services/graphs/$name", params: { name }, search });
  return (
    <div className="switch" role="group" aria-label="How the graph is shown">
      <button type="button" aria-pressed={!isList} onClick={() => show({})}>
        Graph
      </button>
      <button type="button" aria-pressed={isList} onClick={() => show({ view: "list" })}>
        List
      </button>
    </div>
  );
}

/** A request that the first service that it goes to would take. */
function FromTerminal({ graph }: { readonly graph: InferenceGraph }) {
  const services = useQuery({ queryKey: ["services"], queryFn: () => api.listServices() });
  const first = firstModel(graph.nodes, "root");
  const service = services.data?.find(({ name }) => name === first);
  const origin = services.data?.find(({ url }) => url !== null)?.url;
  if (origin === undefined || origin === null) return null;
  const address = new URL(`/v1/models/${encodeURIComponent(graph.name)}:predict`, origin);
  const body = service === undefined ? "@request.json" : quoted({ instances: [exampleOf(service)] });
  return (
    <Panel title="Ask it from a terminal">
      <div className="body stack">
        <Snippet text={`curl -s ${address.href} -d ${body}`} />
      </div>
    </Panel>
  );
}

/** A function has no row of a training: its fields stand there with a value of their types. */
function exampleOf({ example, request }: Service): Readonly<Record<string, unknown>> {
  if (Object.keys(example).length > 0) return example;
  const valueOf = (type: string) =>
    type === "timestamp" ? "2026-01-01T00:00:00Z" : type === "boolean" ? true : isNumber(type) ? 1 : "text";
  return Object.fromEntries(request.map(({ name, type }) => [name, valueOf(type)]));
}

function firstModel(
  nodes: InferenceGraph["nodes"],
  node: string,
  left = Object.keys(nodes).length,
): string | undefined {
  const step = nodes[node]?.steps[0];
  if (step === undefined || left < 0) return undefined;
  return step.to === "node" ? firstModel(nodes, step.target, left - 1) : step.target;
}
