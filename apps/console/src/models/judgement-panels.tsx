import type { ModelVersion } from "@millwright/client";
import { useQueries } from "@tanstack/react-query";
import { api, problemOf } from "../api.ts";
import { Chart } from "../parts/chart.tsx";
import { Empty } from "../parts/empty.tsx";
import { Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { endsOf } from "./axis-ends.ts";
import { BinaryPanels } from "./binary-panels.tsx";
import { ClassPanels } from "./class-panels.tsx";
import { namesOf, plotsOf, type Judged } from "./judged.ts";
import { NumberPanels } from "./number-panels.tsx";
import { SlicePanels } from "./slice-panels.tsx";

/** How good one version is, or two beside one another. */
export function JudgementPanels({ versions }: { readonly versions: readonly ModelVersion[] }) {
  const found = useQueries({
    queries: versions.map(({ model, version }) => ({
      queryKey: ["judgements", model, version],
      queryFn: () => api.showJudgement({ name: model, version: String(version) }),
      staleTime: Number.POSITIVE_INFINITY,
      retry: false,
    })),
  });
  const failed = found.find(({ error }) => error !== null);
  const judged = found.flatMap(({ data }, place): readonly Judged[] =>
    data === undefined ? [] : [{ name: `version ${versions[place]?.version}`, judgement: data }],
  );
  return (
    <>
      {failed === undefined ? null : <Failure error={failed.error} />}
      {judged.length === 0 ? null : (
        <>
          <div className="columns">
            <PlotPanels judged={judged} />
            <LearningPanel judged={judged} />
          </div>
          <SlicePanels judged={judged} />
        </>
      )}
    </>
  );
}

function Failure({ error }: { readonly error: unknown }) {
  if (problemOf(error).code !== "training/no-judgement") return <Problem error={error} />;
  return (
    <Panel title="How good it is">
      <Empty command="npx mill run --force">
        Nothing is kept of how good this version is: it was trained before that was kept, or by another trainer.
      </Empty>
    </Panel>
  );
}

function PlotPanels({ judged }: { readonly judged: readonly Judged[] }) {
  const kind = judged[0]?.judgement.test.plots.kind;
  if (kind === "squared") return <NumberPanels versions={plotsOf(judged, kind)} />;
  if (kind === "softmax") return <ClassPanels versions={plotsOf(judged, kind)} />;
  return <BinaryPanels versions={plotsOf(judged, "binary")} />;
}

/** How the loss fell while trees were added; where the lines part, the trees learn the rows by heart. */
function LearningPanel({ judged }: { readonly judged: readonly Judged[] }) {
  const isAlone = judged.length === 1;
  const series = judged.flatMap(({ name, judgement: { learning } }) => {
    const line = (part: "train" | "validation", told: string) => ({
      name: told,
      points: learning.points.map((point) => [point.trees, point[part]] as const),
    });
    return isAlone ? [line("train", "learned from"), line("validation", "validation")] : [line("validation", name)];
  });
  const loss = judged[0]?.judgement.learning.loss ?? "loss";
  const losses = series.flatMap(({ points }) => points.map(([, value]) => value));
  return (
    <Panel title={isAlone ? "Learning curve" : "Learning curve on the validation rows"}>
      <Chart
        label={`${loss} by number of trees of ${namesOf(judged)}`}
        x={{ name: "trees" }}
        y={{ name: loss, ...endsOf(losses) }}
        series={series}
      />
    </Panel>
  );
}
