import type { InferenceGraph } from "@millwright/client";
import { count } from "../format.ts";
import { DataTable, type DataColumn } from "../parts/data-table.tsx";
import { Middle } from "../parts/middle.tsx";
import type { GraphStep } from "./graph-layout.ts";
import { TargetLink } from "./target-link.tsx";
import { meanMsOf, type Recent, type RecentOf } from "./use-graphs.ts";
import { dependencyWords, perSecondWords, shortMs } from "./words.ts";

interface Listed {
  readonly key: string;
  readonly node: string;
  readonly routerType: string;
  readonly step: GraphStep;
  readonly recent: Recent | undefined;
}

/** The same that the picture shows, as a table: every step with what leads to it, what it goes to, what it was asked. */
export function StepTable({ graph, recentOf }: { readonly graph: InferenceGraph; readonly recentOf: RecentOf }) {
  const rows = Object.entries(graph.nodes).flatMap(([node, { routerType, steps }]) =>
    steps.map((step, at) => ({ key: `${node}/${at}`, node, routerType, step, recent: recentOf(node, at) })),
  );
  return <DataTable label={`Steps of ${graph.name}`} rows={rows} columns={COLUMNS} keyOf={({ key }) => key} />;
}

const COLUMNS: readonly DataColumn<Listed>[] = [
  {
    name: "node",
    show: ({ node, routerType }) => (
      <>
        {node} <span className="muted">{routerType.toLowerCase()}</span>
      </>
    ),
  },
  { name: "step", show: ({ step }) => step.name },
  {
    name: "goes to",
    show: ({ step }) => (
      <TargetLink step={step}>
        {step.to === "node" ? "the node " : ""}
        {step.target}
      </TargetLink>
    ),
  },
  {
    name: "when",
    show: (row) => (
      <span className="mono bound" title={row.step.condition}>
        <Middle text={whenOf(row)} />
      </span>
    ),
  },
  { name: "is given", show: ({ step }) => (step.data === "$response" ? "the answer before" : "the request") },
  {
    name: "dependency",
    show: ({ step }) => <span title={dependencyWords(step)}>{step.dependency.toLowerCase()}</span>,
  },
  { name: "asked", isNumber: true, sort: ({ step }) => step.requests, show: ({ step }) => count(step.requests) },
  {
    name: "now",
    isNumber: true,
    sort: ({ recent }) => recent?.perSecond ?? 0,
    show: ({ recent }) => (recent === undefined || recent.perSecond === 0 ? "–" : perSecondWords(recent.perSecond)),
  },
  {
    name: "mean time",
    isNumber: true,
    sort: ({ step }) => meanMsOf(step) ?? -1,
    show: ({ step }) => shortMs(meanMsOf(step)),
  },
  {
    name: "failed",
    isNumber: true,
    sort: ({ step }) => step.failures,
    show: ({ step: { failures } }) =>
      failures === 0 ? "0" : <span className="state-text bad">{count(failures)}</span>,
  },
  { name: "passed over", isNumber: true, sort: ({ step }) => step.skipped, show: ({ step }) => count(step.skipped) },
];

function whenOf({ routerType, step: { condition = "", weight } }: Listed): string {
  if (routerType === "Splitter") return `${weight ?? 0}% of the requests`;
  return condition === "" ? "always" : condition === "@this" ? "else" : condition;
}
