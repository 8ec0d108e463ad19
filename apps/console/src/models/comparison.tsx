import type { ModelVersion } from "@millwright/client";
import { Panel } from "../parts/page.tsx";
import { detailsOf } from "./details.ts";
import { figure, isBetter, metricTitle } from "./metric-words.ts";

interface ComparisonProps {
  readonly version: ModelVersion;
  readonly other: ModelVersion;
}

/** Two versions beside one another: each metric and its difference, and what was set differently. */
export function Comparison({ version, other }: ComparisonProps) {
  const [own, theirs] = [detailsOf(version), detailsOf(other)];
  const metrics = Object.keys(own.metrics?.["test"] ?? theirs.metrics?.["test"] ?? {});
  const parameters = [
    ...new Set([...Object.keys(own.parameters ?? {}), ...Object.keys(theirs.parameters ?? {})]),
  ].filter((name) => told(own.parameters?.[name]) !== told(theirs.parameters?.[name]));
  return (
    <div className="columns">
      <Panel title="Metrics on the test rows">
        <div className="scroll" tabIndex={0} role="region" aria-label="Metrics of both versions">
          <table className="data">
            <Head version={version} other={other} last="difference" />
            <tbody>
              {metrics.map((name) => {
                const [one, two] = [own.metrics?.["test"]?.[name], theirs.metrics?.["test"]?.[name]];
                return (
                  <tr key={name}>
                    <td>{metricTitle(name)}</td>
                    <td className="number">{figure(one)}</td>
                    <td className="number">{figure(two)}</td>
                    <td className="number">
                      {one === undefined || two === undefined ? "–" : <Difference metric={name} by={one - two} />}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </Panel>
      <Panel title="What was set differently">
        {parameters.length === 0 ? (
          <p className="body muted">The trainer's parameters are the same in both.</p>
        ) : (
          <table className="data">
            <Head version={version} other={other} />
            <tbody>
              {parameters.map((name) => (
                <tr key={name}>
                  <td className="mono">{name}</td>
                  <td className="number mono">{told(own.parameters?.[name])}</td>
                  <td className="number mono">{told(theirs.parameters?.[name])}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Panel>
    </div>
  );
}

function Head({ version, other, last }: ComparisonProps & { readonly last?: string }) {
  return (
    <thead>
      <tr>
        <th />
        <th className="number">version {version.version}</th>
        <th className="number">version {other.version}</th>
        {last === undefined ? null : <th className="number">{last}</th>}
      </tr>
    </thead>
  );
}

/** How much the first one's metric is above the other's, and whether that is for the better. */
export function Difference({ metric, by }: { readonly metric: string; readonly by: number }) {
  const better = isBetter(metric, by);
  if (better === undefined) return <>{signed(by)}</>;
  return (
    <span className={`state ${better ? "good" : "bad"}`}>
      {signed(by)} {better ? "better" : "worse"}
    </span>
  );
}

function signed(value: number): string {
  if (Number.isInteger(value)) return value === 0 ? "0" : value.toLocaleString("en-US", { signDisplay: "always" });
  return `${value > 0 ? "+" : ""}${value.toFixed(4)}`;
}

function told(value: unknown): string {
  if (value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
