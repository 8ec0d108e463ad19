import type { ModelVersion } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api.ts";
import { count, fixed } from "../format.ts";
import { Page, Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { Ago } from "../parts/time.tsx";
import { CalibrationPlot } from "./calibration-plot.tsx";
import { detailsOf, type VersionDetails } from "./details.ts";
import { GateList, ImportanceBars } from "./model-parts.tsx";

export function ModelPage() {
  const { name } = useParams({ from: "/models/$name" });
  const { data, error } = useQuery({ queryKey: ["models", name], queryFn: () => api.listModelVersions({ name }) });
  const [chosen, setChosen] = useState<number | undefined>();
  const version = data?.find((one) => one.version === chosen) ?? data?.[0];
  return (
    <Page title={name} lead={version === undefined ? undefined : <Lead version={version} />}>
      {error === null ? null : <Problem error={error} />}
      {data === undefined || version === undefined ? null : (
        <>
          <Panel title="Versions">
            <VersionTable versions={data} chosen={version.version} onChoose={setChosen} />
          </Panel>
          <VersionPanels details={detailsOf(version)} />
        </>
      )}
    </Page>
  );
}

function Lead({ version }: { readonly version: ModelVersion }) {
  const { rows } = detailsOf(version);
  return (
    <>
      version {version.version}
      {version.aliases.length === 0 ? "" : `, ${version.aliases.join(", ")}`}, made <Ago atMs={version.createdAtMs} />
      {rows === undefined ? "" : ` from ${count(rows)} rows`}
    </>
  );
}

interface VersionTableProps {
  readonly versions: readonly ModelVersion[];
  readonly chosen: number;
  readonly onChoose: (version: number) => void;
}

function VersionTable({ versions, chosen, onChoose }: VersionTableProps) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Versions">
      <table className="data">
        <thead>
          <tr>
            <th>version</th>
            <th>aliases</th>
            <th className="number">validation AUC</th>
            <th className="number">test AUC</th>
            <th className="number">test log loss</th>
            <th className="number">calibration error</th>
            <th>made</th>
          </tr>
        </thead>
        <tbody>
          {versions.map((one) => {
            const { metrics } = detailsOf(one);
            return (
              <tr key={one.version}>
                <td>
                  <button
                    type="button"
                    className="button"
                    aria-pressed={one.version === chosen}
                    onClick={() => onChoose(one.version)}
                  >
                    {one.version}
                  </button>
                </td>
                <td>{one.aliases.join(", ")}</td>
                <td className="number">{fixed(metrics?.["validation"]?.["auc"])}</td>
                <td className="number">{fixed(metrics?.["test"]?.["auc"])}</td>
                <td className="number">{fixed(metrics?.["test"]?.["log_loss"])}</td>
                <td className="number">{fixed(metrics?.["test"]?.["calibration_error"])}</td>
                <td>
                  <Ago atMs={one.createdAtMs} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function VersionPanels({ details }: { readonly details: VersionDetails }) {
  const { gates = [], importance = [], calibration = [], parameters = {}, signature } = details;
  return (
    <div className="columns">
      <div className="stack">
        <Panel title="Gates">
          <GateList gates={gates} />
        </Panel>
        <Panel title="Parameters and signature">
          <dl className="body facts" style={{ margin: 0 }}>
            {(signature?.request ?? []).map(({ name, type }) => (
              <Fact key={`request ${name}`} name={`request: ${name}`} value={type} />
            ))}
            {Object.entries(parameters).map(([name, value]) => (
              <Fact key={name} name={name} value={typeof value === "string" ? value : JSON.stringify(value)} />
            ))}
          </dl>
        </Panel>
      </div>
      <Panel title="Calibration on the test rows">
        <div className="body">
          <CalibrationPlot bins={calibration} />
        </div>
      </Panel>
      <Panel title="Importance by gain">
        <ImportanceBars importance={importance} />
      </Panel>
    </div>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className="mono">{value}</dd>
    </>
  );
}
