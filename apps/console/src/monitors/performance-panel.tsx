import type { MonitorResults } from "@millwright/client";
import { useState } from "react";
import { Chart } from "../parts/chart.tsx";
import { Choice } from "../parts/choice.tsx";
import { Panel } from "../parts/page.tsx";
import { timeOf, type Source } from "./measures.ts";

type Days = MonitorResults["performance"];
type Metric = "auc" | "logLoss" | "calibrationError" | "accuracy" | "rmse" | "mae";

const METRICS: readonly { readonly metric: Metric; readonly name: string }[] = [
  { metric: "auc", name: "AUC" },
  { metric: "logLoss", name: "Log loss" },
  { metric: "calibrationError", name: "Calibration error" },
  { metric: "accuracy", name: "Accuracy" },
  { metric: "rmse", name: "RMSE" },
  { metric: "mae", name: "Mean error" },
];
const SOURCES: readonly Source[] = ["scored", "served"];

/** How right the answers were, by day, as far as it is known. */
export function PerformancePanel({ days }: { readonly days: Days }) {
  const [asked, setAsked] = useState<{ readonly metric?: string; readonly source?: string }>({});
  const sources = SOURCES.filter((source) => days.some((day) => day.source === source && day.rows > 0));
  const source = sources.find((one) => one === asked.source) ?? sources[0];
  const own = days.filter((day) => day.source === source);
  const known = METRICS.filter(({ metric }) => own.some((day) => day[metric] !== null));
  const chosen = known.find(({ name }) => name === asked.metric) ?? known[0];
  const waiting = days.reduce((sum, day) => sum + day.waiting, 0);
  if (chosen === undefined || source === undefined) return <Waiting waiting={waiting} />;
  return (
    <Panel
      title="How right the answers were, by day"
      aside={
        <div className="row">
          {sources.length < 2 ? null : (
            <Choice
              label="Answers"
              options={sources}
              chosen={source}
              onChoose={(option) => setAsked({ ...asked, source: option })}
            />
          )}
          <Choice
            label="Metric"
            options={known.map(({ name }) => name)}
            chosen={chosen.name}
            onChoose={(metric) => setAsked({ ...asked, metric })}
          />
        </div>
      }
    >
      <div className="body">
        <MetricLine days={own} {...chosen} />
        {waiting === 0 ? null : <p className="muted">{waiting} served answers have no outcome yet</p>}
      </div>
    </Panel>
  );
}

/** Rows without a time are one number. */
function MetricLine({ days, metric, name }: { readonly days: Days; readonly metric: Metric; readonly name: string }) {
  const dated = days.flatMap((day) => {
    const [at, value] = [timeOf(day.day), day[metric]];
    return at === undefined || value === null ? [] : [{ at, value, rows: day.rows }];
  });
  if (dated.length === 0)
    return <p>{days.map((day) => `${day[metric]?.toFixed(4) ?? "–"} of ${day.rows} rows`).join("; ")}</p>;
  return (
    <Chart
      label={`${name} by day`}
      x={{ name: "day", isTime: true }}
      y={{ name, min: Math.floor(Math.min(...dated.map(({ value }) => value)) * 10) / 10 }}
      series={[
        {
          name,
          points: dated.map(({ at, value }) => [at, value] as const),
          notes: dated.map(({ rows }) => `${rows} rows`),
        },
      ]}
      height={220}
    />
  );
}

function Waiting({ waiting }: { readonly waiting: number }) {
  if (waiting === 0) return null;
  return (
    <Panel title="How right the answers were, by day">
      <p className="body muted">{waiting} served answers, none of which has its outcome yet.</p>
    </Panel>
  );
}
