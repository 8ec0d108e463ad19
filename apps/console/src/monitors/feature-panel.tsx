import type { MonitorResults } from "@millwright/client";
import { useState, type ReactNode } from "react";
import { Chart } from "../parts/chart.tsx";
import { Choice } from "../parts/choice.tsx";
import { Panel } from "../parts/page.tsx";
import { FeatureMap } from "./feature-map.tsx";
import { byFeature, MEASURES, timeOf, type FeatureDay, type Measure, type Source } from "./measures.ts";

interface FeaturePanelProps extends Pick<MonitorResults, "results" | "trained"> {
  /** What stands beside the line of the chosen feature. */
  readonly children: ReactNode;
}

/** How far each feature's rows are from the training's, by day: all of them as a map, one of them as a line. */
export function FeaturePanel({ results, trained, children }: FeaturePanelProps) {
  const sources = (["scored", "served"] as const).filter((source) => results.some((day) => day.source === source));
  const [asked, setSource] = useState<Source>();
  const source = asked ?? sources[0] ?? "scored";
  const days = results.filter((day) => day.source === source);
  const known = MEASURES.filter(({ of }) => days.some((day) => of(day) !== null));
  const [name, setName] = useState<string>();
  const measure = known.find((one) => one.name === name) ?? known[0];
  const [feature, setFeature] = useState<string>();
  if (measure === undefined) return null;
  const shown = feature ?? byFeature(days, measure)[0]?.feature;
  return (
    <>
      <div className="columns">
        {shown === undefined ? null : <FeatureLine days={days} trained={trained} feature={shown} measure={measure} />}
        {children}
      </div>
      <Panel
        title={`${measure.name} of each feature, by day`}
        aside={
          <div className="row">
            {sources.length < 2 ? null : (
              <Choice
                label="Rows"
                options={sources}
                chosen={source}
                onChoose={(option) => setSource(option === "served" ? "served" : "scored")}
              />
            )}
            <Choice label="Measure" options={known.map((one) => one.name)} chosen={measure.name} onChoose={setName} />
          </div>
        }
      >
        <FeatureMap days={days} measure={measure} chosen={shown} onChoose={setFeature} />
        <p className="body muted">
          {source === "scored" ? "rows scored in batch" : "answers of the services"} ·{" "}
          {`below ${measure.show(measure.moving)} stable · up to ${measure.show(measure.shifted)} moving · above it shifted`}
        </p>
      </Panel>
    </>
  );
}

interface FeatureLineProps extends Pick<MonitorResults, "trained"> {
  readonly days: readonly FeatureDay[];
  readonly feature: string;
  readonly measure: Measure;
}

function FeatureLine({ days, trained, feature, measure }: FeatureLineProps) {
  const own = days.flatMap((day) => {
    const [at, value] = [timeOf(day.day), measure.of(day)];
    return day.feature !== feature || at === undefined || value === null ? [] : [{ at, value, rows: day.rows }];
  });
  const baseline = trained.find((one) => one.feature === feature);
  if (own.length === 0) return null;
  return (
    <Panel
      title={`${measure.name} of ${feature}`}
      aside={
        baseline === undefined ? undefined : (
          <span className="muted">{`in training ${(baseline.missingRate * 100).toFixed(1)} % missing`}</span>
        )
      }
    >
      <div className="body">
        <Chart
          label={`${measure.name} of ${feature} by day`}
          x={{ name: "day", isTime: true }}
          y={{ name: measure.name, min: 0 }}
          series={[
            {
              name: feature,
              points: own.map(({ at, value }) => [at, value] as const),
              notes: own.map(({ rows }) => `${rows} rows`),
            },
          ]}
          height={220}
        />
      </div>
    </Panel>
  );
}
