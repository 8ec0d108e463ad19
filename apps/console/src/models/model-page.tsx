import type { AliasMoved, ModelVersion } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api.ts";
import { count } from "../format.ts";
import { RestsOnOf } from "../lineage/rests-on.tsx";
import { Page, Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { Ago } from "../parts/time.tsx";
import { AliasHistory } from "./alias-history.tsx";
import { Comparison } from "./comparison.tsx";
import { detailsOf, type VersionDetails } from "./details.ts";
import { JudgementPanels } from "./judgement-panels.tsx";
import { GateList, ImportanceBars } from "./model-parts.tsx";
import { MoveChampion } from "./move-champion.tsx";
import { Verdict } from "./verdict.tsx";
import { VersionTable } from "./version-table.tsx";

/** A model, at the version that the address names: else its champion, else its newest. */
export function ModelPage() {
  const { name, version: asked } = useParams({ strict: false });
  const { against } = useSearch({ strict: false });
  const model = name ?? "";
  const { data, error } = useQuery({
    queryKey: ["models", model],
    queryFn: () => api.listModelVersions({ name: model }),
  });
  const champion = data?.find(({ aliases }) => aliases.includes("champion"));
  const version = asked === undefined ? (champion ?? data?.[0]) : data?.find((one) => String(one.version) === asked);
  const other = data?.find((one) => one.version === against && one.version !== version?.version);
  const [moved, setMoved] = useState<AliasMoved>();
  return (
    <Page
      docs="concepts/model-version.md"
      title={model}
      lead={version === undefined ? undefined : <Lead version={version} />}
      actions={
        <>
          {version === undefined ? null : <ReportLink version={version} />}
          <Link to="/lineage/$name" params={{ name: model }} className="button">
            Lineage
          </Link>
          {version === undefined || (version === champion && data?.length === 1) ? null : (
            <MoveChampion key={version.version} shown={version} champion={champion} onMoved={setMoved} />
          )}
        </>
      }
    >
      {error === null ? null : <Problem error={error} />}
      {moved === undefined ? null : <Moved moved={moved} />}
      {data !== undefined && version === undefined ? (
        <p>
          There is no version {asked} of {model}. The table of the model's own page shows those that there are.
        </p>
      ) : null}
      {data === undefined || version === undefined ? null : (
        <>
          <Panel title="Versions">
            <VersionTable versions={data} shown={version} other={other} />
          </Panel>
          {other === undefined ? <Verdict version={version} /> : <Comparison version={version} other={other} />}
          <JudgementPanels
            key={`${version.version} ${other?.version}`}
            versions={other === undefined ? [version] : [version, other]}
          />
          {other === undefined ? <VersionPanels model={model} details={detailsOf(version)} /> : null}
          {other === undefined ? <RestsOnOf name={`model:${model}/${version.version}`} /> : null}
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

/** The report is a page of its own, which can be saved and sent. */
function ReportLink({ version: { model, version } }: { readonly version: ModelVersion }) {
  return (
    <a
      className="button"
      href={`/api/v1/models/${encodeURIComponent(model)}/versions/${version}/report`}
      target="_blank"
      rel="noreferrer"
    >
      Report
    </a>
  );
}

function Moved({ moved: { version, previousVersion, services } }: { readonly moved: AliasMoved }) {
  const before = previousVersion === null ? "" : `, before it was version ${previousVersion}`;
  return (
    <p role="status">
      Version {version} is the champion now{before};{" "}
      {services.length === 0 ? "no service is deployed with it" : `live in ${services.join(", ")}`}.
    </p>
  );
}

function VersionPanels({ model, details }: { readonly model: string; readonly details: VersionDetails }) {
  const { gates = [], importance = [], parameters = {}, signature } = details;
  return (
    <div className="columns">
      <div className="stack">
        <Panel title="Gates">
          <GateList gates={gates} />
        </Panel>
        <AliasHistory model={model} />
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
      <Panel title="What it goes by">
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
