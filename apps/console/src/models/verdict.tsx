import type { ModelVersion } from "@millwright/client";
import { Panel } from "../parts/page.tsx";
import { detailsOf, mainMetric } from "./details.ts";
import { figure, metricTitle } from "./metric-words.ts";

/** The main metric of a version, and what the baselines reach on the same rows. */
export function Verdict({ version }: { readonly version: ModelVersion }) {
  const details = detailsOf(version);
  const metric = mainMetric(details);
  const { metrics, baselines = [] } = details;
  const values = [
    { title: `version ${version.version}`, value: metrics?.["test"]?.[metric], isOwn: true },
    ...baselines.map((baseline) => ({ title: baseline.title, value: baseline.metrics[metric], isOwn: false })),
  ];
  if (values[0]?.value === undefined) return null;
  const longest = Math.max(...values.map(({ value }) => Math.abs(value ?? 0)), Number.MIN_VALUE);
  return (
    <Panel title={`${metricTitle(metric)} on the test rows, beside the baselines`}>
      <table className="data">
        <tbody>
          {values.map(({ title, value, isOwn }) => (
            <tr key={title}>
              <td>{isOwn ? <strong>{title}</strong> : title}</td>
              <td style={{ width: "60%" }}>
                <div className="bar">
                  <i
                    style={{
                      width: `${(Math.abs(value ?? 0) / longest) * 100}%`,
                      ...(isOwn ? {} : { background: "var(--line-strong)" }),
                    }}
                  />
                </div>
              </td>
              <td className="number">{isOwn ? <strong>{figure(value)}</strong> : figure(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
